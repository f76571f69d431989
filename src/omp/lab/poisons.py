"""Poisoned data: a healthy market with one fault planted, and the rule that must name it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

DAY_NS = 86_400_000_000_000
AT = 1500
"""The bar that most faults are planted at: well inside the in-sample part of a default market."""


@dataclass(frozen=True)
class Poison:
    """One fault.

    Args:
        name: Short name, unique.
        rule: Rule of readiness that must name it.
        plant: Gives the table with the fault in it.
    """

    name: str
    rule: str
    plant: Callable[["pl.DataFrame"], "pl.DataFrame"]


def _replaced(table: "pl.DataFrame", column: str, value: float | None) -> "pl.DataFrame":
    """One value of one bar replaced."""
    import polars as pl

    row = pl.int_range(pl.len()) == AT
    return table.with_columns(pl.when(row).then(value).otherwise(pl.col(column)).alias(column))


def _high_below_low(table: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    row = pl.int_range(pl.len()) == AT
    return table.with_columns(
        high=pl.when(row).then(pl.col("low") * 0.99).otherwise(pl.col("high"))
    )


def _repeated(table: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    return pl.concat([table[: AT + 1], table[AT:]])


def _shuffled(table: "pl.DataFrame") -> "pl.DataFrame":
    return table.sample(fraction=1.0, shuffle=True, seed=1)


def _tomorrow(table: "pl.DataFrame") -> "pl.DataFrame":
    """Every bar moved so that the last ones lie a year ahead of any clock of this century."""
    import polars as pl

    return table.with_columns(timestamp=pl.col("timestamp") + 100 * 365 * DAY_NS)


def _split(table: "pl.DataFrame") -> "pl.DataFrame":
    """Two for one, not adjusted for."""
    import polars as pl

    late = pl.int_range(pl.len()) >= AT
    prices = ("open", "high", "low", "close")
    return table.with_columns(
        pl.when(late).then(pl.col(one) / 2.0).otherwise(pl.col(one)).alias(one) for one in prices
    )


def _dried_up(table: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    late = pl.int_range(pl.len()) >= AT
    return table.with_columns(volume=pl.when(late).then(0.0).otherwise(pl.col("volume")))


def _cut_short(table: "pl.DataFrame") -> "pl.DataFrame":
    return table.tail(200)


POISONS: tuple[Poison, ...] = (
    Poison("null", "missing_value", partial(_replaced, column="close", value=None)),
    Poison("nan", "missing_value", partial(_replaced, column="open", value=float("nan"))),
    Poison("negative", "non_positive", partial(_replaced, column="low", value=-1.0)),
    Poison("zero", "non_positive", partial(_replaced, column="close", value=0.0)),
    Poison("impossible", "ohlc", _high_below_low),
    Poison("duplicate", "duplicate", _repeated),
    Poison("shuffled", "order", _shuffled),
    Poison("future", "future", _tomorrow),
    Poison("split", "split_jump", _split),
    Poison("no_volume", "zero_volume", _dried_up),
    Poison("too_short", "too_short", _cut_short),
)
"""Each fault that a calibration plants, in turn."""
