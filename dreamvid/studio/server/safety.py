"""Safety of the page: who may ask, from which address, and what a browser may do with replies.

A page on one's own machine can be reached by every site that its browser shows. So a request needs
a token, which only who started the studio was told; the Host it names must be this studio's, or
another site's name could lead here (DNS rebinding); and a socket, or what changes something, must
come from this page's own Origin.
"""

import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HERE = ("localhost", "127.0.0.1", "::1")
SAFE = ("GET", "HEAD")  # methods that change nothing
YEAR = 365 * 24 * 3600

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of every reply that does not set them itself."""


class Refusal(Exception):
    """A request is not let in; the text is one line for who sent it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Guard:
    """ASGI middleware: lets in who has the token, and sets the headers of replies.

    Args:
        token: opens the page, as `/?token=...`, which leaves a cookie.
        hosts: names, beside this machine's own, that the studio is reached by.
        numeric: any numeric address may be the Host: the studio listens on every one.
        once: tokens that open the page a single time.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        hosts: Iterable[str] = (),
        numeric: bool = False,
        once: set[str] | None = None,
    ) -> None:
        self.app, self.numeric, self.once = app, numeric, once or set()
        self.hosts = {*HERE, *(host.lower() for host in hosts)}
        self.token = token
        # Cookies are of a host, whatever the port: of two studios each has its own.
        self.cookie = f"dreamvid-{hashlib.sha256(token.encode()).hexdigest()[:12]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        send = _with_headers(send)
        try:
            self._check_host(connection)
            reply = self._enter(connection)
            if reply is None:
                self._check_cookie(connection)
                self._check_origin(connection)
        except Refusal as refusal:
            reply = _refused(connection, refusal)
        if reply is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await reply(scope, receive, send)
        else:
            await receive()  # websocket.connect; closed before it is accepted: 403
            await send({"type": "websocket.close", "code": 1008, "reason": "not allowed"})

    def _check_host(self, connection: HTTPConnection) -> None:
        given = connection.headers.getlist("host")
        host = _host_of(f"//{given[0]}") if len(given) == 1 else ""
        if host not in self.hosts and not (self.numeric and _is_numeric(host)):
            raise Refusal(400, "Host: not this studio's; open the address that it printed")

    def _enter(self, connection: HTTPConnection) -> Response | None:
        """Exchange a token in the address for a cookie; None: there is no token in it."""
        token = connection.query_params.get("token")
        if token is None or connection.scope["type"] != "http":
            return None
        if connection.scope["method"] != "GET" or not self._opens(token):
            raise Refusal(403, "token: not this studio's; open the address that it printed")
        reply = RedirectResponse("/", 303)
        reply.set_cookie(self.cookie, self.token, YEAR, httponly=True, samesite="strict")
        return reply

    def _opens(self, token: str) -> bool:
        if token in self.once:
            self.once.discard(token)
            return True
        return _equal(token, self.token)

    def _check_cookie(self, connection: HTTPConnection) -> None:
        if not _equal(connection.cookies.get(self.cookie, ""), self.token):
            raise Refusal(403, "the studio's token is missing; open the address that it printed")

    def _check_origin(self, connection: HTTPConnection) -> None:
        """Let another site neither open a socket nor change anything."""
        if connection.scope["type"] == "http" and connection.scope["method"] in SAFE:
            return
        origin = connection.headers.get("origin", "")
        if urlsplit(origin).netloc.lower() != connection.headers["host"].lower():
            raise Refusal(403, "Origin: not the studio's own page")


def _equal(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(errors="replace"), other.encode())


def _host_of(address: str) -> str:
    """Take the host out of an address, without its port; "" for what is none."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - ValueError for what is no number
        return "" if parts.path or "@" in parts.netloc else (parts.hostname or "")
    except ValueError:
        return ""


def _is_numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _refused(connection: HTTPConnection, refusal: Refusal) -> Response:
    if "text/html" in connection.headers.get("accept", ""):
        page = f"<!doctype html><title>dreamvid studio</title><p>{refusal}.</p>"
        return HTMLResponse(page, refusal.status)
    body = json.dumps({"message": str(refusal)})
    return Response(body, refusal.status, media_type="application/json")


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_on
