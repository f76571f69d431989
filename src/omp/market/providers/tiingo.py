"""Tiingo: end-of-day prices of US stocks, adjusted for splits and dividends.

Documented at https://www.tiingo.com/documentation/end-of-day; plain REST, no extra is needed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from omp.domain.errors import DataNotReady
from omp.market.providers.base import Ask, Fetched, Terms, write_table
from omp.market.providers.door import Door

FIELDS = {
    "open": "adjOpen",
    "high": "adjHigh",
    "low": "adjLow",
    "close": "adjClose",
    "volume": "adjVolume",
}


@dataclass(frozen=True)
class Tiingo(Terms):
    """The historical prices of `/tiingo/daily/<ticker>/prices`."""

    def fetch(self, ask: Ask, folder: Path) -> Fetched:
        self.require(ask)
        (key,) = self.secrets()
        door = Door(
            self.name,
            self.base_url("https://api.tiingo.com"),
            headers={"Authorization": f"Token {key}"},
            keys=self.keys,
            secrets=(key,),
        )
        query = {
            "startDate": ask.first.isoformat(),
            "endDate": ask.last.isoformat(),
            "format": "json",
        }
        rows: list[dict[str, Any]] = []
        for symbol in ask.symbols:
            found = door.json("GET", f"/tiingo/daily/{quote(symbol, safe='')}/prices", params=query)
            if not isinstance(found, list):  # Tiingo tells an exhausted plan with a 200
                raise DataNotReady(
                    f"{self.name} sent no list of prices for {symbol}: {str(found)[:200]}",
                    allowed="a list of daily prices",
                    remedy="see what your plan includes; nothing was changed",
                )
            rows += [
                {"symbol": symbol, "timestamp": str(day["date"])[:10]}
                | {ours: day[theirs] for ours, theirs in FIELDS.items()}
                for day in found
            ]
        return write_table(rows, ask, folder, provider=self.name)


PROVIDER = Tiingo(
    name="tiingo",
    about="US stocks and funds, adjusted for splits and dividends; daily",
    keys=("TIINGO_API_KEY",),
)
