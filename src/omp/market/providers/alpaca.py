"""Alpaca: adjusted US bars from its market data interface, page by page.

Documented at https://docs.alpaca.markets/reference/stockbars; plain REST, no extra is needed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from omp.market.providers.base import Ask, Fetched, Terms, write_table
from omp.market.providers.door import Door
from omp.market.providers.times import end_of, local_day, utc

NEW_YORK = ZoneInfo("America/New_York")
PER_PAGE = 10_000
PACE_S = 0.3  # 200 requests a minute on the free plan


@dataclass(frozen=True)
class Alpaca(Terms):
    """The historical bars of `/v2/stocks/bars`."""

    def fetch(self, ask: Ask, folder: Path) -> Fetched:
        self.require(ask)
        key, secret = self.secrets()
        door = Door(
            self.name,
            self.base_url("https://data.alpaca.markets"),
            headers={"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret},
            keys=self.keys,
            secrets=(key, secret),
            pace_s=PACE_S,
        )
        query: dict[str, Any] = {
            "symbols": ",".join(ask.symbols),
            "timeframe": self.intervals[ask.timeframe],
            "start": ask.first.isoformat(),
            "end": end_of(ask.last, NEW_YORK),
            "limit": PER_PAGE,
            "adjustment": "all",
            "sort": "asc",
        }
        rows: list[dict[str, Any]] = []
        while True:
            page = door.json("GET", "/v2/stocks/bars", params=query)
            for symbol, bars in (page.get("bars") or {}).items():
                rows += [_row(symbol, bar, ask.timeframe) for bar in bars or ()]
            token = page.get("next_page_token")
            if not token:
                return write_table(rows, ask, folder, provider=self.name)
            query["page_token"] = token


def _row(symbol: str, bar: dict[str, Any], timeframe: str) -> dict[str, Any]:
    at = utc(str(bar["t"]))
    return {
        "symbol": symbol,
        "timestamp": local_day(at, NEW_YORK) if timeframe == "1d" else at.isoformat(),
        "open": bar["o"],
        "high": bar["h"],
        "low": bar["l"],
        "close": bar["c"],
        "volume": bar["v"],
    }


PROVIDER = Alpaca(
    name="alpaca",
    about="US stocks, adjusted for splits and dividends; daily and intraday",
    keys=("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"),
    timeframes=("1d", "1h", "30m", "15m", "5m", "1m"),
    intervals={
        "1d": "1Day",
        "1h": "1Hour",
        "30m": "30Min",
        "15m": "15Min",
        "5m": "5Min",
        "1m": "1Min",
    },
)
