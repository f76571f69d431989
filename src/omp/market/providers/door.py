"""HTTP to a provider: paced, tried again with back-off, and never telling a key.

What can pass is tried again (429, 5xx, a broken or silent connection, half a reply), with waiting
times that double, or as long as `Retry-After` says. What cannot pass ends in one sentence.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omp.domain.errors import DataNotReady, InvalidInput, OmpError, ResourceShort

if TYPE_CHECKING:
    import httpx2

ATTEMPTS = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
TIMEOUT_S = 60.0
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
KEY_REFUSED = frozenset({401, 403})
CHUNK_BYTES = 1 << 20
SAID_CHARACTERS = 300


@dataclass
class Door:
    """One provider's interface.

    Args:
        provider: name for messages.
        base_url: where it is.
        headers: sent with every request.
        basic: user and password of HTTP basic authentication, where it asks for that.
        keys: environment variables the secrets came from, for messages.
        secrets: what must stand in no message.
        pace_s: least time between two requests, seconds (its documented rate limit).
        sleep: waits; tests count the seconds instead.
    """

    provider: str
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    basic: tuple[str, str] | None = None
    keys: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    pace_s: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    _last_s: float | None = field(default=None, init=False, repr=False)

    def json(self, method: str, path: str, **given: Any) -> Any:
        """A reply that is JSON."""
        return self._tried(method, path, _read_json, given)

    def text(self, method: str, path: str, **given: Any) -> str:
        """A reply that is text, such as CSV."""
        return str(self._tried(method, path, lambda reply: reply.read().decode(), given))

    def file(self, path: str, target: Path) -> Path:
        """A reply that is a file, written as it comes; half a file is no file."""

        def keep(reply: "httpx2.Response") -> Path:
            with target.open("wb") as file:
                for chunk in reply.iter_raw(CHUNK_BYTES):
                    file.write(chunk)
            return target

        return Path(self._tried("GET", path, keep, {}))

    def own(self, url: str) -> str:
        """An address of the next page, if it lies at the provider itself: keys go nowhere else.

        Raises:
            DataNotReady: it lies elsewhere.
        """
        import httpx2

        here, there = httpx2.URL(self.base_url), httpx2.URL(url)
        if (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
            raise DataNotReady(
                f"{self.provider} names a next page at {there.host}",
                allowed=f"pages at {here.host}",
                remedy="nothing was sent there; ask the provider",
            )
        return url

    def _tried(
        self,
        method: str,
        path: str,
        read: Callable[["httpx2.Response"], Any],
        given: Mapping[str, Any],
    ) -> Any:
        import httpx2

        url = path if path.startswith(("http://", "https://")) else self.base_url + path
        fault = "no answer"
        with httpx2.Client(
            headers=dict(self.headers), auth=self.basic, timeout=TIMEOUT_S
        ) as client:
            for attempt in range(ATTEMPTS):
                self._keep_pace()
                wait_s = min(FIRST_WAIT_S * 2**attempt, LONGEST_WAIT_S)
                try:
                    with client.stream(method, url, **given) as reply:
                        if reply.status_code < 300:
                            return read(reply)
                        reply.read()
                        if reply.status_code not in PASSING:
                            raise self._refusal(reply)
                        fault = f"{reply.status_code}: {self._said(reply)}"
                        wait_s = _retry_after(reply) or wait_s
                except httpx2.HTTPError as error:
                    fault = f"{type(error).__name__}: {error}"
                except ValueError as error:  # half a JSON document, or bytes that are no text
                    fault = f"a reply that cannot be read ({error})"
                if attempt + 1 < ATTEMPTS:
                    self.sleep(min(wait_s, LONGEST_WAIT_S))
        raise ResourceShort(
            f"{self.provider} gave no usable answer in {ATTEMPTS} attempts; the last: "
            f"{self._hidden(fault)}",
            allowed="a provider that answers",
            remedy="try again later; nothing was changed",
        )

    def _keep_pace(self) -> None:
        now_s = time.monotonic()
        if self._last_s is not None and self.pace_s > now_s - self._last_s:
            self.sleep(self.pace_s - (now_s - self._last_s))
        self._last_s = time.monotonic()

    def _refusal(self, reply: "httpx2.Response") -> OmpError:
        said = f"{self.provider} answers {reply.status_code}: {self._said(reply)}"
        if reply.status_code in KEY_REFUSED and self.keys:
            return InvalidInput(
                said,
                allowed="a key that is valid for these data",
                remedy=f"check {' and '.join(self.keys)} in the environment and what your plan "
                "includes",
            )
        return InvalidInput(
            said,
            allowed="a request that the provider takes",
            remedy="check symbols, span and timeframe",
        )

    def _said(self, reply: "httpx2.Response") -> str:
        """The provider's own words, from the places where they put them."""
        try:
            body: Any = reply.json()
        except ValueError:
            body = reply.text.strip()
        for key in ("message", "error", "detail"):
            while isinstance(body, dict) and key in body:
                body = body[key]
        text = body if isinstance(body, str) else json.dumps(body)
        words = "".join(one if one.isprintable() else " " for one in text)
        return self._hidden(words[:SAID_CHARACTERS]) or "no reason given"

    def _hidden(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "…")
        return text


def _read_json(reply: "httpx2.Response") -> Any:
    return json.loads(reply.read())


def _retry_after(reply: "httpx2.Response") -> float | None:
    """Seconds that the provider asks to wait: a number, or a date."""
    text = reply.headers.get("retry-after", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
