"""The rules of readiness that look at bars one by one, or at a bar and the one before it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from omp.market.bars import FIELDS, PRICE_FIELDS
from omp.market.readiness_rule import Context, Finding, faults_by_symbol

if TYPE_CHECKING:
    import polars as pl

MAX_ZERO_VOLUME_SHARE = 0.05
STUCK_BARS = 5
"""So many flat bars that repeat each other are a feed that stands still."""
IN_A_ROW = 2
MAX_REPEATED_SHARE = 0.01


def missing_value(context: Context) -> Iterable[Finding]:
    """A value is absent, not a number, or infinite."""
    import polars as pl

    for name in ("timestamp", *FIELDS):
        if context.table[name].null_count():
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

    if context.table.height - context.table["timestamp"].null_count() == context.ordered.height:
        return
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
    positive = pl.all_horizontal(*(pl.col(name) > 0 for name in PRICE_FIELDS))
    wrong = pl.any_horizontal(*(one.fill_null(False) for one in outside), (high < low)) & positive
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

    if not (context.table["volume"] == 0).any():
        return
    share = (pl.col("volume") == 0).mean().over("symbol")
    bad = context.table.filter((pl.col("volume") == 0) & (share > MAX_ZERO_VOLUME_SHARE))
    yield from faults_by_symbol(
        bad,
        f"more than {MAX_ZERO_VOLUME_SHARE:.0%} of its bars have no volume",
        "leave the symbol out, or accept zero_volume where volume means nothing",
    )


def stale(context: Context) -> Iterable[Finding]:
    """Bars repeat the one before them, volume included: a feed that stood still."""
    import polars as pl

    yield from faults_by_symbol(
        _repeats(context).filter(pl.col("stands")),
        "the same prices and the same volume as the bar before it",
        "fetch these bars again, or drop them",
    )


def repeat(context: Context) -> Iterable[Finding]:
    """A lone bar repeats the one before it."""
    import polars as pl

    yield from faults_by_symbol(
        _repeats(context).filter(~pl.col("stands")),
        "a lone bar with the prices and the volume of the bar before it",
        "nothing; or drop it",
    )


def _repeats(context: Context) -> "pl.DataFrame":
    """Bars like the one before them, and whether they `stand`: in a row, or too many of them."""
    import polars as pl

    rows = context.sound
    alike = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in ("symbol", *FIELDS))
    marked = rows.select(
        "symbol",
        "timestamp",
        (pl.col("high") > pl.col("low")).alias("moved"),
        alike.fill_null(False).alias("alike"),
    )
    if not marked["alike"].any():
        return marked.clear().with_columns(stands=pl.lit(True))
    length = pl.col("alike").sum().over((~pl.col("alike")).cum_sum())
    counted = marked.with_columns(length=length, bars=pl.len().over("symbol")).filter(
        pl.col("alike") & (pl.col("moved") | (pl.col("length") >= STUCK_BARS - 1))
    )
    share = pl.len().over("symbol") / pl.col("bars")
    return counted.with_columns(
        stands=(pl.col("length") >= IN_A_ROW) | (share > MAX_REPEATED_SHARE)
    )
