"""Whether data are fit for mining: every rule must say yes, and a rule without an answer says no.

A table has one row per bar and symbol with the columns of `COLUMNS`, in the order of its file.
Each rule looks at that table alone and names what it finds by symbol and first time.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from omp.domain.errors import InvalidInput
from omp.market.bars import FIELDS, PRICE_FIELDS, Panel
from omp.market.certificate import Certificate, Fault
from omp.market.readiness_calendar import gap, off_calendar
from omp.market.readiness_rule import Context, Finding, Unknown, faults_by_symbol
from omp.market.splits import boundary_index
from omp.market.venues import Venue

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ACCEPTABLE", "RULES", "Certificate", "Fault", "judge", "judge_panel", "table_of"]

COLUMNS = ("symbol", "timestamp", *FIELDS)
MAX_ZERO_VOLUME_SHARE = 0.05
SPLIT_RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0, 100.0)
SPLIT_TOLERANCE = 0.03
LARGEST_MOVE = 2.5


def judge(
    table: "pl.DataFrame",
    venue: Venue,
    timeframe: str,
    *,
    accept: Sequence[str] = (),
    sealed_fraction: float = 0.3,
    min_sealed_bars: int = 250,
    now_ns: int | None = None,
) -> Certificate:
    """Judge a table of bars by every rule.

    Args:
        table: one row per bar and symbol, in the order of the file.
        venue: where the instruments trade.
        timeframe: such as "1d".
        accept: names of rules whose faults the user takes upon himself (see `ACCEPTABLE`).
        sealed_fraction: share of the calendar that will be sealed.
        min_sealed_bars: fewest bars on each side of the boundary.
        now_ns: the present, UTC nanoseconds; by default the clock's.

    Raises:
        InvalidInput: when a rule that cannot be accepted is named in `accept`.
    """
    wrong = sorted(set(accept) - set(ACCEPTABLE))
    if wrong:
        raise InvalidInput(
            f"the rules {', '.join(wrong)} cannot be accepted",
            allowed=", ".join(ACCEPTABLE),
            remedy="mend the data instead",
        )
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing or table.height == 0:
        detail = f"column {', '.join(missing)} is missing" if missing else "there is no bar in it"
        remedy = f"give a table with {', '.join(COLUMNS)}, or map its columns"
        fault = Fault("schema", "*", "", detail, remedy)
        return Certificate(False, (fault,), counts={"schema": 1, "bars": table.height})
    now = time.time_ns() if now_ns is None else now_ns
    context = Context.of(table, venue, timeframe, sealed_fraction, min_sealed_bars, now)
    faults: list[Fault] = []
    accepted: list[Fault] = []
    unknown: dict[str, str] = {}
    counts: dict[str, int] = {}
    for name, rule in RULES.items():
        try:
            for finding in rule(context):
                counts[name] = counts.get(name, 0) + finding.bars
                target = accepted if name in accept else faults
                target.append(finding.fault(name))
        except Unknown as reason:
            unknown[name] = str(reason)
    counts["bars"] = table.height
    counts["symbols"] = table["symbol"].n_unique()
    ready = False if faults else None if unknown else True
    return Certificate(ready, tuple(faults), unknown, tuple(accepted), counts)


def judge_panel(panel: Panel, venue: Venue, **options: object) -> Certificate:
    """Judge a panel that did not come through an importer (see `judge` for the options)."""
    return judge(table_of(panel), venue, panel.timeframe, **options)  # type: ignore[arg-type]


def table_of(panel: Panel) -> "pl.DataFrame":
    """A panel as a table of readiness."""
    import polars as pl

    parts = [
        pl.DataFrame(
            {"timestamp": one.timestamp, **{name: getattr(one, name) for name in FIELDS}}
        ).select(pl.lit(one.symbol).alias("symbol"), pl.all())
        for one in panel.bars
    ]
    return pl.concat(parts) if parts else pl.DataFrame({name: [] for name in COLUMNS})


# -------------------------------------------------------------------- rules


def missing_value(context: Context) -> Iterable[Finding]:
    """A value is absent, not a number, or infinite."""
    import polars as pl

    empty = [name for name in COLUMNS[1:] if context.table[name].null_count()]
    for name in empty:
        bad = context.table.filter(pl.col(name).is_null())
        yield from faults_by_symbol(
            bad, f"no usable {name}", "fill the value from another source, or drop the bar"
        )


def order(context: Context) -> Iterable[Finding]:
    """The bars of a symbol are not in ascending time."""
    import polars as pl

    bad = context.table.filter(pl.col("timestamp").diff().over("symbol") < 0)
    yield from faults_by_symbol(bad, "older than the bar before it", "sort the bars by time")


def duplicate(context: Context) -> Iterable[Finding]:
    """A symbol has two bars of the same time."""
    import polars as pl

    again = pl.struct("symbol", "timestamp").is_first_distinct().not_()
    bad = context.table.filter(pl.col("timestamp").is_not_null() & again)
    yield from faults_by_symbol(bad, "a second bar of the same time", "keep one bar of each time")


def non_positive(context: Context) -> Iterable[Finding]:
    """A price is zero or negative, or a volume negative."""
    import polars as pl

    wrong = pl.any_horizontal(*(pl.col(name) <= 0 for name in PRICE_FIELDS), pl.col("volume") < 0)
    bad = context.table.filter(wrong.fill_null(False))
    yield from faults_by_symbol(
        bad, "a price of zero or less, or a negative volume", "correct the bar or drop it"
    )


def ohlc(context: Context) -> Iterable[Finding]:
    """High and low do not enclose open and close."""
    import polars as pl

    high, low = pl.col("high"), pl.col("low")
    outside = [(high < pl.col(name)) | (low > pl.col(name)) for name in ("open", "close")]
    wrong = pl.any_horizontal(*(one.fill_null(False) for one in outside), (high < low))
    bad = context.table.filter(wrong.fill_null(False))
    yield from faults_by_symbol(
        bad,
        "open or close lies outside low to high",
        "correct the bar from another source or drop it",
        show=PRICE_FIELDS,
    )


def future(context: Context) -> Iterable[Finding]:
    """A bar has not closed yet."""
    import polars as pl

    bad = context.table.filter(pl.col("timestamp") + context.bar_ns > context.now_ns)
    yield from faults_by_symbol(
        bad, "the bar has not closed yet", "drop bars of today and later; check the date format"
    )


def zero_volume(context: Context) -> Iterable[Finding]:
    """Too many bars of a symbol traded nothing."""
    import polars as pl

    share = (pl.col("volume") == 0).mean().over("symbol")
    bad = context.table.filter((pl.col("volume") == 0) & (share > MAX_ZERO_VOLUME_SHARE))
    yield from faults_by_symbol(
        bad,
        f"more than {MAX_ZERO_VOLUME_SHARE:.0%} of its bars have no volume",
        "leave the symbol out, or accept zero_volume where volume means nothing",
    )


def split_jump(context: Context) -> Iterable[Finding]:
    """A price jumps over night as an unadjusted split or spin-off makes it jump."""
    import polars as pl

    ordered = context.ordered.filter((pl.col("open") > 0) & (pl.col("close") > 0))
    jump = pl.col("open") / pl.col("close").shift(1).over("symbol")
    size = pl.max_horizontal(jump, 1 / jump)
    ratio = pl.any_horizontal(*((size / one - 1).abs() <= SPLIT_TOLERANCE for one in SPLIT_RATIOS))
    marked = ordered.with_columns(jump=jump.round(4))
    bad = marked.filter((ratio | (size > LARGEST_MOVE)).fill_null(False))
    yield from faults_by_symbol(
        bad,
        "the open is a multiple of the last close as after a split",
        "import adjusted prices, or accept split_jump if the move is real",
        show=("jump",),
    )


def too_short(context: Context) -> Iterable[Finding]:
    """There are too few bars on one side of the boundary."""
    import polars as pl

    stamps = context.ordered["timestamp"].unique().sort()
    cut = boundary_index(len(stamps), context.sealed_fraction)
    least = context.min_sealed_bars
    remedy = "import a longer history, or leave the symbol out"
    if min(cut, len(stamps) - cut) < least:
        detail = (
            f"{len(stamps)} bars give {cut} in-sample and {len(stamps) - cut} sealed; "
            f"each needs {least}"
        )
        yield Finding("*", None, detail, remedy, len(stamps))
        return
    early = pl.col("timestamp") < stamps[cut]
    per_symbol = context.ordered.group_by("symbol", maintain_order=True).agg(
        early.sum().alias("n"), pl.col("timestamp").first()
    )
    for symbol, n_bars, first_ns in per_symbol.filter(pl.col("n") < least).iter_rows():
        detail = f"{n_bars} bars before the boundary; a symbol needs {least}"
        yield Finding(symbol, first_ns, detail, remedy, n_bars)


RULES: dict[str, Callable[[Context], Iterable[Finding]]] = {
    "missing_value": missing_value,
    "order": order,
    "duplicate": duplicate,
    "non_positive": non_positive,
    "ohlc": ohlc,
    "future": future,
    "off_calendar": off_calendar,
    "gap": gap,
    "zero_volume": zero_volume,
    "split_jump": split_jump,
    "too_short": too_short,
}
"""Every rule by name, in the order in which they are judged."""

ACCEPTABLE = ("gap", "off_calendar", "split_jump", "zero_volume")
"""Rules whose faults can be real features of a market; the others are always wrong."""
