"""X-HTTP-Method-Override, for clients whose surroundings know no PATCH or DELETE (tus 1.0.0, Headers)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class MethodOverride:
    """Below `door`, the header is the request's method and the actual one is ignored."""

    def __init__(self, application: WSGIApplication, door: str) -> None:
        self._application = application
        self._door = door

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").strip().upper()
        if method.isalpha() and f"{environ.get('PATH_INFO', '')}/".startswith(f"{self._door}/"):
            environ["REQUEST_METHOD"] = method
        return self._application(environ, start_response)
