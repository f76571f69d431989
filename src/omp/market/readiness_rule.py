"""What every rule of readiness works with: the table once cleaned, and what a rule finds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omp.market.bars import FIELDS
from omp.market.certificate import Fault
from omp.market.splits import iso
from omp.market.venues import Venue
from omp.market.venues.base import DAY_NS, MINUTES

if TYPE_CHECKING:
    import polars as pl

__all__ = ["DAY_NS", "Context", "Finding", "Unknown", "faults_by_symbol"]

MINUTE_NS = 60_000_000_000


class Unknown(Exception):
    """A rule has no answer, with the reason; it counts as a no."""


@dataclass(frozen=True)
class Finding:
    """What a rule found for one symbol: since when, what, and over how many bars."""

    symbol: str
    first_ns: int | None
    detail: str
    remedy: str
    bars: int

    def fault(self, rule: str) -> Fault:
        """The finding as a fault of a rule."""
        when = "" if self.first_ns is None else day_or_time(self.first_ns)
        return Fault(rule, self.symbol, when, self.detail, self.remedy)


@dataclass(frozen=True)
class Context:
    """The table under judgement.

    Args:
        table: the rows in the order of the file; what is no finite number is null.
        ordered: the rows that have a time, by symbol and time, one per symbol and time.
        venue: where the instruments trade.
        timeframe: such as "1d".
        bar_ns: length of a bar.
        sealed_fraction, min_sealed_bars: how the boundary will be drawn.
        now_ns: the present.
    """

    table: "pl.DataFrame"
    ordered: "pl.DataFrame"
    venue: Venue
    timeframe: str
    bar_ns: int
    sealed_fraction: float
    min_sealed_bars: int
    now_ns: int

    @staticmethod
    def of(
        table: "pl.DataFrame",
        venue: Venue,
        timeframe: str,
        sealed_fraction: float,
        min_sealed_bars: int,
        now_ns: int,
    ) -> "Context":
        """Clean a table for the rules."""
        import polars as pl

        finite = [
            pl.when(pl.col(name).cast(pl.Float64).is_finite())
            .then(pl.col(name).cast(pl.Float64))
            .alias(name)
            for name in FIELDS
        ]
        clean = table.with_columns(pl.col("timestamp").cast(pl.Int64), *finite)
        ordered = (
            clean.filter(pl.col("timestamp").is_not_null())
            .unique(["symbol", "timestamp"], keep="first", maintain_order=True)
            .sort("symbol", "timestamp", maintain_order=True)
        )
        venue.bars_per_year(timeframe)  # refuses an unknown timeframe by name
        bar_ns = DAY_NS if timeframe == "1d" else MINUTES[timeframe] * MINUTE_NS
        return Context(
            clean, ordered, venue, timeframe, bar_ns, sealed_fraction, min_sealed_bars, now_ns
        )


def faults_by_symbol(
    bad: "pl.DataFrame", detail: str, remedy: str, show: Sequence[str] = ()
) -> Iterator[Finding]:
    """One finding per symbol: how many bars are at fault, and the first of them.

    Args:
        bad: the rows at fault.
        detail: what is wrong with them.
        remedy: what to do.
        show: columns of the first row at fault to quote.
    """
    for rows in bad.partition_by("symbol", maintain_order=True):
        first = rows.row(0, named=True)
        quoted = ", ".join(f"{name} {first[name]}" for name in show)
        many = f"{rows.height} bars: " if rows.height > 1 else ""
        text = f"{many}{detail}" + (f" ({quoted})" if quoted else "")
        yield Finding(str(first["symbol"]), first["timestamp"], text, remedy, rows.height)


def day_or_time(time_ns: int) -> str:
    """A daily bar's date, or the instant of a shorter bar."""
    text = iso(time_ns)
    return text[:10] if text.endswith("T00:00:00Z") else text
