"""Yahoo Finance through yfinance, for who installs the extra `yahoo`; it has no documented API.

For trying things out: Yahoo may change or refuse it at any time, and its terms allow personal use.
"""

from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from omp.domain.errors import InvalidInput, ResourceShort
from omp.market.providers.base import Ask, Fetched, Terms, write_table

FIELDS = {"open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}


@dataclass(frozen=True)
class Yahoo(Terms):
    """What `yfinance.Ticker.history` gives, adjusted."""

    def fetch(self, ask: Ask, folder: Path) -> Fetched:
        self.require(ask)
        yfinance = _library()
        rows: list[dict[str, Any]] = []
        for symbol in ask.symbols:
            try:
                found = yfinance.Ticker(symbol).history(
                    start=ask.first.isoformat(),
                    end=(ask.last + timedelta(days=1)).isoformat(),  # its end is excluded
                    interval=self.intervals[ask.timeframe],
                    auto_adjust=True,
                    actions=False,
                )
            except Exception as error:
                raise ResourceShort(
                    f"{self.name} gave no answer for {symbol}: {type(error).__name__}: {error}",
                    allowed="an answer",
                    remedy="try again later, or use another provider; nothing was changed",
                ) from error
            rows += [
                {
                    "symbol": symbol,
                    "timestamp": at.date().isoformat()
                    if ask.timeframe == "1d"
                    else at.tz_convert("UTC").isoformat(),
                    **{ours: float(bar[theirs]) for ours, theirs in FIELDS.items()},
                }
                for at, bar in found.iterrows()
            ]
        return write_table(rows, ask, folder, provider=self.name)


def _library() -> Any:
    try:
        return import_module("yfinance")
    except ImportError:
        raise InvalidInput(
            "yahoo needs the extra of that name, which is not installed",
            allowed="pip install 'omp[yahoo]'",
            remedy="install it, or use a provider that needs none: b3, alpaca, massive, tiingo",
        ) from None


PROVIDER = Yahoo(
    name="yahoo",
    about="many venues, adjusted, unofficial; daily and intraday; needs the extra `yahoo`",
    timeframes=("1d", "1h", "30m", "15m", "5m", "1m"),
    intervals={one: one for one in ("1d", "1h", "30m", "15m", "5m", "1m")},
)
