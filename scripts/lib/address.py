"""Where the web process will listen: whether it can, how to reach it, and what to tell people."""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass

_REASONS = {
    errno.EADDRINUSE: "Port {port} of {host} is taken by another program. End that one, or choose: PORT=8001",
    errno.EACCES: "Port {port} is only for root. Choose one from 1024 up: PORT=8000",
    errno.EADDRNOTAVAIL: "This machine has no address {host}. Choose one it has: HOST=127.0.0.1",
}


class StartFailed(Exception):
    """What a person must know to make it start."""


@dataclass(frozen=True)
class Address:
    """`public_url` is what people type when a proxy stands in front, or empty."""

    host: str
    port: int
    public_url: str = ""

    def refuse_if_taken(self) -> None:
        """Raise StartFailed when nothing can listen there now."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except socket.gaierror:
            raise StartFailed(f"HOST={self.host} is neither an address nor a known name.") from None
        for family, kind, protocol, _, place in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(place)
                except OSError as error:
                    reason = _REASONS.get(error.errno or 0, "{host}:{port} cannot be used: {error}")
                    raise StartFailed(reason.format(host=self.host, port=self.port, error=error)) from None

    @property
    def reachable_host(self) -> str:
        """The host to connect to from this machine."""
        with suppress(ValueError):
            address = ipaddress.ip_address(self.host)
            if address.is_unspecified:
                return "127.0.0.1" if address.version == 4 else "::1"
        return self.host

    @property
    def for_people(self) -> str:
        host = self.reachable_host
        return self.public_url.rstrip("/") or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
