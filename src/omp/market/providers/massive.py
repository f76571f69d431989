"""Massive (formerly Polygon): US aggregates, adjusted for splits, page by page.

Documented at https://massive.com/docs/rest/stocks/aggregates/custom-bars; plain REST, no extra is
needed. Its prices are not adjusted for dividends.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from omp.domain.errors import DataNotReady
from omp.market.providers.base import Ask, Fetched, Terms, write_table
from omp.market.providers.door import Door
from omp.market.providers.times import local_day, of_millis

NEW_YORK = ZoneInfo("America/New_York")
PER_PAGE = 50_000
GOOD = frozenset({"OK", "DELAYED"})


@dataclass(frozen=True)
class Massive(Terms):
    """The custom bars of `/v2/aggs/ticker/…/range/…`."""

    def fetch(self, ask: Ask, folder: Path) -> Fetched:
        self.require(ask)
        (key,) = self.secrets()
        door = Door(
            self.name,
            self.base_url("https://api.massive.com"),
            headers={"Authorization": f"Bearer {key}"},
            keys=self.keys,
            secrets=(key,),
        )
        rows: list[dict[str, Any]] = []
        for symbol in ask.symbols:
            rows += self._of_symbol(door, symbol, ask)
        return write_table(rows, ask, folder, provider=self.name)

    def _of_symbol(self, door: Door, symbol: str, ask: Ask) -> list[dict[str, Any]]:
        number, unit = self.intervals[ask.timeframe]
        path = (
            f"/v2/aggs/ticker/{quote(symbol, safe='')}/range/{number}/{unit}/"
            f"{ask.first.isoformat()}/{ask.last.isoformat()}"
        )
        query: dict[str, Any] = {"adjusted": "true", "sort": "asc", "limit": PER_PAGE}
        rows: list[dict[str, Any]] = []
        while True:
            page = door.json("GET", path, params=query) if query else door.json("GET", path)
            if page.get("status") not in GOOD:
                raise DataNotReady(
                    f"{self.name} answers {page.get('status')!r} for {symbol}",
                    allowed="OK or DELAYED",
                    remedy="see what your plan includes; nothing was changed",
                )
            rows += [_row(symbol, bar, ask.timeframe) for bar in page.get("results") or ()]
            if not page.get("next_url"):
                return rows
            path, query = door.own(str(page["next_url"])), {}


def _row(symbol: str, bar: dict[str, Any], timeframe: str) -> dict[str, Any]:
    at = of_millis(bar["t"])
    return {
        "symbol": symbol,
        "timestamp": local_day(at, NEW_YORK) if timeframe == "1d" else at.isoformat(),
        "open": bar["o"],
        "high": bar["h"],
        "low": bar["l"],
        "close": bar["c"],
        "volume": bar["v"],
    }


PROVIDER = Massive(
    name="massive",
    about="US stocks, adjusted for splits only; daily and intraday",
    keys=("MASSIVE_API_KEY",),
    timeframes=("1d", "1h", "30m", "15m", "5m", "1m"),
    intervals={
        "1d": (1, "day"),
        "1h": (1, "hour"),
        "30m": (30, "minute"),
        "15m": (15, "minute"),
        "5m": (5, "minute"),
        "1m": (1, "minute"),
    },
)
