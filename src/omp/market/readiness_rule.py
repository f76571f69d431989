"""What every rule of readiness works with: the table once cleaned, and what a rule finds."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omp.market.bars import FIELDS, PRICE_FIELDS
from omp.market.certificate import FAULT, Fault
from omp.market.splits import iso
from omp.market.venues import Venue
from omp.market.venues.base import DAY_NS, MINUTES

if TYPE_CHECKING:
    import polars as pl

    from omp.market.readiness_placing import Placed
    from omp.market.universes import Universe

__all__ = ["DAY_NS", "Context", "Finding", "Known", "Rule", "Unknown", "faults_by_symbol"]

MINUTE_NS = 60_000_000_000
NO_TIMES: NDArray[np.int64] = np.empty(0, dtype=np.int64)


class Unknown(Exception):
    """A rule has no answer, with the reason; it counts as a no."""


@dataclass(frozen=True, eq=False)
class Finding:
    """What a rule found for one symbol.

    Args:
        symbol: the instrument, or `*` for the table as a whole.
        first_ns: since when, UTC nanoseconds; None where that has no meaning.
        detail: what is wrong, without any price.
        remedy: the next step.
        bars: how many bars, or missing sessions, are at fault.
        values: the offending values of the first of them.
        times: the bars at fault, or what is missing, UTC nanoseconds.
    """

    symbol: str
    first_ns: int | None
    detail: str
    remedy: str
    bars: int
    values: str = ""
    times: NDArray[np.int64] = field(default_factory=lambda: NO_TIMES)

    def fault(self, rule: str) -> Fault:
        """The finding as a fault of a rule."""
        when = "" if self.first_ns is None else day_or_time(self.first_ns)
        return Fault(rule, self.symbol, when, self.detail, self.remedy, self.values)


@dataclass(frozen=True, eq=False)
class Known:
    """What is known about a table beside its rows.

    Args:
        adjusted: True where prices are adjusted for splits and dividends, False where they are
            known not to be, None where nobody knows.
        ex_marks: symbol, date, mark: sessions from which a share traded without a right.
        max_age_days: how old the last bar may be; None where no limit is declared.
        universe: the list whose members the symbols are, where one is given.
    """

    adjusted: bool | None = None
    ex_marks: "pl.DataFrame | None" = None
    max_age_days: float | None = None
    universe: "Universe | None" = None


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
        known: what is known beside the rows.
    """

    table: "pl.DataFrame"
    ordered: "pl.DataFrame"
    venue: Venue
    timeframe: str
    bar_ns: int
    sealed_fraction: float
    min_sealed_bars: int
    now_ns: int
    known: Known

    @staticmethod
    def of(
        table: "pl.DataFrame",
        venue: Venue,
        timeframe: str,
        sealed_fraction: float,
        min_sealed_bars: int,
        now_ns: int,
        known: Known | None = None,
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
        timed = clean.filter(pl.col("timestamp").is_not_null())
        ordered = timed.sort("symbol", "timestamp", maintain_order=True)
        again = (pl.col("symbol") == pl.col("symbol").shift(1)) & (
            pl.col("timestamp") == pl.col("timestamp").shift(1)
        )
        ordered = ordered.filter(~again.fill_null(False))
        venue.bars_per_year(timeframe)  # refuses an unknown timeframe by name
        bar_ns = DAY_NS if timeframe == "1d" else MINUTES[timeframe] * MINUTE_NS
        return Context(
            clean,
            ordered,
            venue,
            timeframe,
            bar_ns,
            sealed_fraction,
            min_sealed_bars,
            now_ns,
            known or Known(),
        )

    @cached_property
    def sound(self) -> "pl.DataFrame":
        """The rows of `ordered` whose values can be right, so that no fault is named twice."""
        import polars as pl

        high, low = pl.col("high"), pl.col("low")
        usable = pl.all_horizontal(
            *(pl.col(name) > 0 for name in PRICE_FIELDS),
            *((high >= pl.col(name)) & (low <= pl.col(name)) for name in ("open", "close")),
            pl.col("volume") >= 0,
        )
        return self.ordered.filter(usable.fill_null(False))

    @cached_property
    def spikes(self) -> "pl.DataFrame":
        """`sound` with what the rules about jumps measure."""
        from omp.market.readiness_ticks import measured

        return measured(self.sound, is_daily=self.timeframe == "1d")

    @cached_property
    def placed(self) -> "tuple[Placed, ...]":
        """Where every symbol's bars lie among the sessions of the venue.

        Raises:
            Unknown: when the calendar does not reach as far as the bars.
        """
        from omp.market.readiness_placing import NoCalendar, place

        try:
            return place(self.stamps_by_symbol, self.venue, self.timeframe, self.bar_ns)
        except NoCalendar as reason:
            raise Unknown(str(reason)) from reason

    @cached_property
    def stamps_by_symbol(self) -> Mapping[str, NDArray[np.int64]]:
        """The times of each symbol's bars, ascending."""
        import polars as pl

        times = self.ordered["timestamp"].to_numpy()
        runs = self.ordered.select(pl.col("symbol").rle().struct.unnest())
        found: dict[str, NDArray[np.int64]] = {}
        start = 0
        for symbol, length in zip(runs["value"], runs["len"], strict=True):
            found[str(symbol)] = times[start : start + length]
            start += length
        return found


@dataclass(frozen=True)
class Rule:
    """One rule of readiness.

    Args:
        name: short name, as in `--accept`.
        says_no: when it says no, for the documentation.
        judge: what it finds in a table.
        severity: `fault` makes the data not ready; `flag` is written down and nothing more.
        acceptable: whether its faults can be real features of a market.
        needs_calendar: whether it asks the calendar of the venue.
    """

    name: str
    says_no: str
    judge: Callable[[Context], Iterable[Finding]]
    severity: str = FAULT
    acceptable: bool = False
    needs_calendar: bool = False


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
        many = f"{rows.height} bars: " if rows.height > 1 else ""
        yield Finding(
            str(first["symbol"]),
            first["timestamp"],
            f"{many}{detail}",
            remedy,
            rows.height,
            ", ".join(f"{name} {first[name]}" for name in show),
            rows["timestamp"].drop_nulls().to_numpy(),
        )


def day_or_time(time_ns: int) -> str:
    """A daily bar's date, or the instant of a shorter bar."""
    text = iso(time_ns)
    return text[:10] if text.endswith("T00:00:00Z") else text
