"""Who is at the other end, and the address by which they reach this server, also through trusted proxies. Pure but
for reading the request.

A proxy's X-Forwarded-* or Forwarded (RFC 7239) headers count only when the peer is named in TRUSTED_PROXIES; of a
list, the entry that the outermost trusted proxy wrote.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from flask import Request
from werkzeug.http import parse_dict_header

from backend.settings import Settings

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*)|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_ELEMENT = re.compile(r"""(?:[^",]|"(?:[^"\\]|\\.)*")+""")


def client_address(request: Request, trusted_proxies: Sequence[str]) -> str:
    """The sender's address: the nearest one that is not a trusted proxy's."""
    return _walk(request.remote_addr or "", _listed(request, "X-Forwarded-For"), trusted_proxies)[0]


def absolute(request: Request, path: str, settings: Settings) -> str:
    """`path` (with its slash) as a URL that the sender of this request can use."""
    return own_address(request, settings) + path


def own_address(request: Request, settings: Settings) -> str:
    """Scheme and host of this server as the sender knows them: PUBLIC_URL, else a trusted proxy's word, else Host."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    scheme, host = _told(request, settings.trusted_proxies)
    if scheme not in ("http", "https"):
        scheme = request.scheme
    host = next((h for h in (host, request.headers.get("Host", "")) if _HOST.fullmatch(h)), "")
    return f"{scheme}://{host}" if host else settings.address


def _told(request: Request, trusted: Sequence[str]) -> tuple[str, str]:
    """What the outermost trusted proxy says of scheme and host; "" for what nobody says."""
    peer = request.remote_addr or ""
    elements = [_pairs(e) for e in _ELEMENT.findall(request.headers.get("Forwarded", ""))]
    if elements:
        _, proxies = _walk(peer, [_bare(e.get("for", "")) for e in elements], trusted)
        element = elements[-min(proxies, len(elements))] if proxies else {}
        return element.get("proto", "").lower(), element.get("host", "")
    _, proxies = _walk(peer, _listed(request, "X-Forwarded-For"), trusted)
    scheme = _nth_from_right(_listed(request, "X-Forwarded-Proto"), proxies).lower()
    return scheme, _nth_from_right(_listed(request, "X-Forwarded-Host"), proxies)


def _walk(peer: str, hops: list[str], trusted: Sequence[str]) -> tuple[str, int]:
    """From the peer outwards: the first address that is not a trusted proxy's, and how many of those lie before."""
    networks = [ipaddress.ip_network(p, strict=False) for p in trusted]
    address, left, proxies = peer, list(hops), 0
    while _is_in(address, networks):
        proxies += 1
        if not left:
            break
        address = left.pop()
    return address, proxies


def _is_in(address: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        return any(ipaddress.ip_address(address) in network for network in networks)
    except ValueError:
        return False


def _listed(request: Request, name: str) -> list[str]:
    return [part.strip() for part in request.headers.get(name, "").split(",") if part.strip()]


def _nth_from_right(values: list[str], count: int) -> str:
    return values[-min(count, len(values))] if count and values else ""


def _pairs(element: str) -> dict[str, str]:
    """One element of Forwarded, `for=…;proto=…;host=…`, its names in lower case."""
    found = parse_dict_header(element.replace(";", ","))
    return {name.strip().lower(): value or "" for name, value in found.items()}


def _bare(node: str) -> str:
    """The address in `for=`: without a port, and without the brackets around IPv6."""
    if node.startswith("["):
        return node[1:].partition("]")[0]
    return node.partition(":")[0]
