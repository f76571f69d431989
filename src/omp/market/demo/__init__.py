"""The shipped demo data: real daily bars of four large US companies, 2000 to 2013.

Survivors only: companies that were large in 2013 and are so today. Good for learning the tool;
no result on them says anything about a strategy's worth. Licence and origin: PROVENANCE.md here.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from omp.market.bars import Bars, Panel, make_panel
from omp.market.venues import venue

NAME = "us-large-caps"
ENVIRONMENT = "demo"
FILE = "us_large_caps.parquet"
SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
LICENCE = "public domain (Quandl WIKI Prices, redistribution expressly permitted)"
LABEL = "survivors only"


def demo_panel(symbols: Sequence[str] = SYMBOLS) -> Panel:
    """The demo's daily bars, adjusted for splits and dividends.

    Open, high and low are multiplied by adjusted close over close, the volume divided by the
    same factor, so that price times volume stays what was traded.

    Raises:
        KeyError: when a symbol is not among `SYMBOLS`.
    """
    import io

    import polars as pl

    data = (files(__name__) / FILE).read_bytes()
    frame = pl.read_parquet(io.BytesIO(data)).with_columns(
        factor=pl.col("adj_close") / pl.col("close"),
        timestamp=pl.col("date").cast(pl.Datetime("ns")).cast(pl.Int64),
    )
    made = []
    for (name,), rows in frame.group_by("symbol", maintain_order=True):
        factor = rows["factor"].to_numpy()
        opened, high, low = (rows[field].to_numpy() * factor for field in ("open", "high", "low"))
        close, volume = rows["adj_close"].to_numpy(), rows["volume"].to_numpy() / factor
        stamps = rows["timestamp"].to_numpy()
        made.append(_enclosed(Bars(str(name), stamps, opened, high, low, close, volume)))
    us = venue("us")
    panel = make_panel(made, "1d", us.name, us.daily_bars_per_year)
    return panel if tuple(symbols) == SYMBOLS else panel.select(symbols)


def provenance() -> dict[str, Any]:
    """Where the data come from, for a manifest."""
    text = (files(__name__) / "PROVENANCE.md").read_text(encoding="utf-8")
    return {"label": LABEL, "adjustment": "open, high, low by adj_close/close", "text": text}


def _enclosed(bars: Bars) -> Bars:
    """Let high and low enclose open and close again where rounding parted them by a last digit."""
    import numpy as np

    high = np.maximum(bars.high, np.maximum(bars.open, bars.close))
    low = np.minimum(bars.low, np.minimum(bars.open, bars.close))
    return Bars(bars.symbol, bars.timestamp, bars.open, high, low, bars.close, bars.volume)
