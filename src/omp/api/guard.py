"""Who may speak to the daemon: host, origin, token and size rules of every request.

A dashboard on localhost is reached by every page that the user's browser has open, so the rules
are:

- Each request names an allow-listed Host, reads included: a name that an attacker's DNS points here
  is not on the list.
- `auth = "local"`: a request that a browser sent (it has `Origin`, `Sec-Fetch-Site` or a cookie)
  comes from our own pages and carries the token in the dashboard's cookie. A navigation needs only
  the Host and receives the cookie. A local program without those headers passes on loopback.
- `auth = "token"`: every request except the health check, the login page and assets carries the
  token, as a bearer or in the cookie. Forced when the daemon listens beyond loopback.
"""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException

from omp.api.problems import problem_response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
OPEN_PATHS = ("/healthz", "/login")
ASSET_PREFIX = "/static/"
MAX_BODY_BYTES = 1_000_000

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        (
            b"default-src 'self'; img-src 'self' data:; object-src 'none'; "
            b"frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
        ),
    ),
)


@dataclass(frozen=True)
class Rules:
    """What the guard knows.

    Args:
        token: The workspace's secret (`state/token`).
        cookie: Name of the dashboard's cookie; differs by workspace, so that two dashboards on
            two ports of one machine do not overwrite each other's.
        auth: `local` or `token`.
        hosts: Host names that a request may name, lower case, without port.
        operator: Name that stands in every record of a request without another name.
        role: That person's role.
    """

    token: str
    cookie: str
    auth: str
    hosts: frozenset[str]
    operator: str
    role: str = "operator"


def is_loopback(host: str) -> bool:
    """True if `host` is a loopback name or address."""
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def rules_for(
    *,
    token: str,
    workspace_id: str,
    auth: str,
    host: str,
    operator: str,
    role: str = "operator",
) -> Rules:
    """The rules of a daemon that listens on `host`; beyond loopback the token is forced."""
    beyond = not is_loopback(host)
    names = set(LOOPBACK_NAMES) | ({host.lower()} if host not in ("0.0.0.0", "::") else set())  # noqa: S104 -- compared, not bound
    return Rules(
        token=token,
        cookie=f"omp_{workspace_id[:8]}",
        auth="token" if beyond else auth,
        hosts=frozenset(names),
        operator=operator,
        role=role,
    )


@dataclass(frozen=True)
class _Request:
    """The parts of a request that the rules look at."""

    method: str
    path: str
    headers: dict[str, str]
    hosts_named: int
    client: str

    @classmethod
    def of(cls, scope: Scope) -> "_Request":
        headers: dict[str, str] = {}
        named = 0
        for raw_name, raw_value in scope["headers"]:
            name = raw_name.decode("latin-1").lower()
            named += name == "host"
            headers[name] = raw_value.decode("latin-1")
        client = scope.get("client") or ("", 0)
        return cls(scope["method"], scope["path"], headers, named, client[0])

    @property
    def host_name(self) -> str:
        host = self.headers.get("host", "").lower()
        if host.startswith("["):
            return host.partition("]")[0] + "]"
        return host.partition(":")[0]

    @property
    def from_browser(self) -> bool:
        return any(name in self.headers for name in ("origin", "sec-fetch-site", "cookie"))

    @property
    def is_navigation(self) -> bool:
        return self.method in ("GET", "HEAD") and self.headers.get("sec-fetch-mode") == "navigate"

    @property
    def own_origin(self) -> bool:
        """The browser says that one of our own pages sent it."""
        site = self.headers.get("sec-fetch-site")
        origin = self.headers.get("origin")
        if origin is not None:
            parts = urlsplit(origin)
            if origin == "null" or parts.netloc.lower() != self.headers.get("host", "").lower():
                return False
        if site is not None:
            return site in ("same-origin", "none")
        return origin is not None

    def cookie(self, name: str) -> str:
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(self.headers.get("cookie", ""))
        except CookieError:
            return ""
        return jar[name].value if name in jar else ""

    @property
    def bearer(self) -> str:
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value.strip() if scheme.lower() == "bearer" else ""


def _same(given: str, secret: str) -> bool:
    return bool(given) and hmac.compare_digest(given.encode(), secret.encode())


def refusal(rules: Rules, request: _Request) -> tuple[int, str, str] | None:
    """Why a request is refused: status, what was asked, what to do; None if it may pass."""
    if request.hosts_named != 1 or request.host_name not in rules.hosts:
        named = request.headers.get("host", "")[:80]
        return 421, f"host {named!r} is not served here", f"use {', '.join(sorted(rules.hosts))}"
    open_path = request.path in OPEN_PATHS or request.path.startswith(ASSET_PREFIX)
    has_token = _same(request.bearer, rules.token) or _same(
        request.cookie(rules.cookie), rules.token
    )
    if rules.auth == "token":
        if open_path or has_token:
            if request.from_browser and not (request.is_navigation or request.own_origin):
                return 403, "another site sent this request", "open the dashboard itself"
            return None
        return 401, "no valid token", "send 'Authorization: Bearer TOKEN' or open /login"
    if request.is_navigation:
        return None
    if request.from_browser:
        if not request.own_origin:
            return 403, "another site sent this request", "open the dashboard itself"
        if not has_token:
            return 401, "the dashboard's cookie is missing", "reload the dashboard page"
        return None
    if has_token or (not request.client) or is_loopback(request.client):
        return None
    return 401, "no valid token", "send 'Authorization: Bearer TOKEN'"


class Guard:
    """ASGI wrapper that applies the rules, limits bodies and adds security headers.

    Args:
        app: What is guarded.
        rules: What is asked of a request.
        close: Called when the server goes down, so that endless answers come to an end.
    """

    def __init__(self, app: App, rules: Rules, close: Callable[[], None] = lambda: None) -> None:
        self.app = app
        self.rules = rules
        self.close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        request = _Request.of(scope)
        send = self._with_headers(request, send)
        refused = refusal(self.rules, request)
        if refused:
            status, asked, remedy = refused
            if status == 401 and request.is_navigation:
                await _redirect(send, "/login")
                return
            await problem_response(status, "refused", asked, remedy=remedy)(scope, receive, send)
            return
        declared = request.headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > MAX_BODY_BYTES:
            too_big = problem_response(
                413,
                "too_large",
                f"a body of {declared[:20]} bytes",
                allowed=f"at most {MAX_BODY_BYTES:,} bytes",
                remedy="send less, or import files with: omp data import PATH",
            )
            await too_big(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["operator"] = self.rules.operator
        state["role"] = self.rules.role
        await self.app(scope, _bounded(receive), send)

    def _with_headers(self, request: _Request, send: Send) -> Send:
        give_cookie = self.rules.auth == "local" and request.is_navigation

        async def wrapped(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                present = {name.lower() for name, _ in headers}
                headers += [pair for pair in SECURITY_HEADERS if pair[0] not in present]
                if give_cookie and message["status"] < 400:
                    headers.append((b"set-cookie", cookie_header(self.rules).encode()))
                message["headers"] = headers
            await send(message)

        return wrapped


def cookie_header(rules: Rules) -> str:
    """The Set-Cookie value that lets our own pages speak to the API."""
    return f"{rules.cookie}={rules.token}; Path=/; HttpOnly; SameSite=Strict"


async def _redirect(send: Send, target: str) -> None:
    headers = [(b"location", target.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


class BodyTooLarge(HTTPException):
    """A chunked body went past the limit while it was read."""

    def __init__(self) -> None:
        super().__init__(413, f"the body has more than {MAX_BODY_BYTES:,} bytes")


def _bounded(receive: Receive) -> Receive:
    seen = 0

    async def wrapped() -> MutableMapping[str, Any]:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > MAX_BODY_BYTES:
                raise BodyTooLarge
        return message

    return wrapped
