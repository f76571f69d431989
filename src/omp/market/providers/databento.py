"""Databento: bars as traded from its historical interface, as CSV.

Documented at https://databento.com/docs/api-reference-historical/timeseries/timeseries-get-range;
plain HTTP, no extra is needed. A request costs money. OMP_DATABENTO_DATASET names the dataset.
"""

import csv
import io
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from omp.domain.errors import DataNotReady
from omp.market.providers.base import Ask, Fetched, Terms, write_table
from omp.market.providers.door import Door
from omp.market.providers.times import utc

DATASET = "EQUS.MINI"
COLUMNS = ("ts_event", "open", "high", "low", "close", "volume", "symbol")


@dataclass(frozen=True)
class Databento(Terms):
    """The bars of `timeseries.get_range`, schema `ohlcv-…`."""

    def fetch(self, ask: Ask, folder: Path) -> Fetched:
        self.require(ask)
        (key,) = self.secrets()
        door = Door(
            self.name,
            self.base_url("https://hist.databento.com"),
            basic=(key, ""),
            keys=self.keys,
            secrets=(key,),
        )
        form = {
            "dataset": os.environ.get("OMP_DATABENTO_DATASET") or DATASET,
            "symbols": ",".join(ask.symbols),
            "schema": self.intervals[ask.timeframe],
            "start": ask.first.isoformat(),
            "end": (ask.last + timedelta(days=1)).isoformat(),  # its end is excluded
            "stype_in": "raw_symbol",
            "encoding": "csv",
            "pretty_px": "true",
            "pretty_ts": "true",
            "map_symbols": "true",
        }
        text = door.text("POST", "/v0/timeseries.get_range", data=form)
        return write_table(_rows(text, ask.timeframe), ask, folder, provider=self.name)


def _rows(text: str, timeframe: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text))
    lacking = [one for one in COLUMNS if one not in (reader.fieldnames or ())]
    if lacking:
        raise DataNotReady(
            f"databento sent a table without {', '.join(lacking)}",
            allowed=", ".join(COLUMNS),
            remedy="its interface may have changed; nothing was changed here",
        )
    rows = []
    for line in reader:
        if any(line[one] in (None, "") for one in COLUMNS):
            raise DataNotReady(
                f"databento sent half a line: {list(line.values())}",
                allowed="whole lines",
                remedy="try again; nothing was changed",
            )
        at = utc(line["ts_event"])
        rows.append(
            {
                "symbol": line["symbol"],
                "timestamp": at.date().isoformat() if timeframe == "1d" else at.isoformat(),
                **{one: float(line[one]) for one in COLUMNS[1:6]},
            }
        )
    return rows


PROVIDER = Databento(
    name="databento",
    about="US stocks as traded, not adjusted; daily, hourly and minutes; each request is charged",
    keys=("DATABENTO_API_KEY",),
    timeframes=("1d", "1h", "1m"),
    intervals={"1d": "ohlcv-1d", "1h": "ohlcv-1h", "1m": "ohlcv-1m"},
)
