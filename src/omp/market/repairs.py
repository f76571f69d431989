"""Repairs, done only when they are asked for, rule by rule, and kept on record.

A repair takes away bars that a rule of readiness has named, sorts, or keeps one of two; it never
makes up a price. What is left is judged again by every rule, so a repair can open a gap that then
stands as a fault of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from omp.domain.errors import InvalidInput
from omp.market.bars import FIELDS, Bars, Panel
from omp.market.importers import Raw
from omp.market.readiness import RULES, table_of
from omp.market.readiness_rule import Context, Finding
from omp.market.splits import iso

if TYPE_CHECKING:
    import polars as pl

ROW = "row of the file"


@dataclass(frozen=True)
class Repair:
    """What one repair did.

    Args:
        rule: The rule that named the bars.
        symbol: The instrument.
        bars: How many bars went, or how many stand elsewhere now.
        first, last: The first and last of them, ISO; None where they have no time.
    """

    rule: str
    symbol: str
    bars: int
    first: str | None
    last: str | None


def repair(
    raw: Raw, context_of: Callable[["pl.DataFrame"], Context], rules: Sequence[str]
) -> tuple[Raw, tuple[Repair, ...]]:
    """The rows without what the named rules find, and a list of what was done.

    Args:
        raw: What the importer read; prices as traded keep step with the adjusted ones.
        context_of: The table as rules see it.
        rules: Names of rules, in any order; done in the order in which rules are judged.

    Returns:
        The repaired rows and a tuple of `Repair`.

    Raises:
        InvalidInput: when a rule is unknown or has no repair.
    """
    frame, done = _mended(raw.frame, context_of, rules)
    as_traded = None if raw.raw_frame is None else raw.raw_frame[frame[ROW]]
    return replace(raw, frame=frame.drop(ROW), raw_frame=as_traded), done


def repair_panel(
    panel: Panel, context_of: Callable[["pl.DataFrame"], Context], rules: Sequence[str]
) -> tuple[tuple[Bars, ...], tuple[Repair, ...]]:
    """The bars of a panel without what the named rules find, every column of theirs with them.

    Raises:
        InvalidInput: when a rule is unknown or has no repair.
    """
    frame, done = _mended(table_of(panel), context_of, rules)
    rows = np.sort(frame[ROW].to_numpy().astype(np.int64))
    kept, start = [], 0
    for one in panel.bars:
        own = rows[(rows >= start) & (rows < start + len(one))] - start
        start += len(one)
        kept += [one.take(own)] if own.size else []
    return tuple(kept), done


def _mended(
    table: "pl.DataFrame", context_of: Callable[["pl.DataFrame"], Context], rules: Sequence[str]
) -> tuple["pl.DataFrame", tuple[Repair, ...]]:
    """The rows that stay, each with its number in the table, and what was done."""
    import polars as pl

    wrong = sorted(set(rules) - set(REPAIRS))
    if wrong:
        raise InvalidInput(
            f"the rules {', '.join(wrong)} have no repair",
            allowed=", ".join(REPAIRS),
            remedy="mend the file, or leave the symbols out with --leave-out-faulty",
        )
    frame = table.with_columns(pl.int_range(pl.len()).alias(ROW))
    done: list[Repair] = []
    for name in [one for one in RULES if one in rules]:
        found = list(RULES[name].judge(context_of(frame.drop(ROW))))
        if found:
            kept = REPAIRS[name](frame, found)
            done += _told(name, frame, kept)
            frame = kept
    return frame, tuple(done)


def _without(frame: "pl.DataFrame", found: Iterable[Finding]) -> "pl.DataFrame":
    """Without the bars that the findings name."""
    import polars as pl

    named = [
        pl.DataFrame({"symbol": [one.symbol] * one.times.size, "timestamp": one.times})
        for one in found
    ]
    bad = pl.concat(named).cast({"timestamp": frame.schema["timestamp"]})
    return frame.join(bad, on=["symbol", "timestamp"], how="anti", maintain_order="left")


def _whole(frame: "pl.DataFrame", _: Iterable[Finding]) -> "pl.DataFrame":
    """Without rows that lack a value."""
    import polars as pl

    present = [pl.col(name).cast(pl.Float64, strict=False).is_finite() for name in FIELDS]
    return frame.filter(
        pl.col("timestamp").is_not_null(), *(one.fill_null(False) for one in present)
    )


def _sorted(frame: "pl.DataFrame", _: Iterable[Finding]) -> "pl.DataFrame":
    """In ascending time, bars of one time in the order of the file."""
    return frame.sort("symbol", "timestamp", ROW, nulls_last=True)


def _first(frame: "pl.DataFrame", _: Iterable[Finding]) -> "pl.DataFrame":
    """The first bar of each symbol and time."""
    return frame.unique(["symbol", "timestamp"], keep="first", maintain_order=True)


def _cut(frame: "pl.DataFrame", found: Iterable[Finding]) -> "pl.DataFrame":
    """Without what lies at or after the beginning of an unfinished last session."""
    import polars as pl

    starts = [one.first_ns for one in found if one.first_ns is not None]
    return frame.filter(pl.col("timestamp").cast(pl.Int64) < min(starts)) if starts else frame


REPAIRS: dict[str, Callable[["pl.DataFrame", Iterable[Finding]], "pl.DataFrame"]] = {
    "missing_value": _whole,
    "order": _sorted,
    "duplicate": _first,
    "non_positive": _without,
    "ohlc": _without,
    "future": _without,
    "off_calendar": _without,
    "off_session": _without,
    "partial_session": _cut,
    "partial_last": _cut,
    "stale": _without,
    "bad_tick": _without,
    "repeat": _without,
}
"""Rules with a repair, and what it does."""


def _told(rule: str, before: "pl.DataFrame", after: "pl.DataFrame") -> list[Repair]:
    """What changed, symbol by symbol."""
    import polars as pl

    gone = before.join(after.select(ROW), on=ROW, how="anti", maintain_order="left")
    if gone.is_empty():  # nothing went: bars were put into order
        gone = after.filter(pl.col(ROW).diff().over("symbol") < 0)
    listed = []
    for (symbol,), rows in gone.group_by("symbol", maintain_order=True):
        stamps = rows["timestamp"].cast(pl.Int64).drop_nulls()
        ends = [iso(int(one)) for one in (stamps.min(), stamps.max()) if one is not None]  # type: ignore[arg-type]
        first, last = ends or (None, None)
        listed.append(Repair(rule, str(symbol), rows.height, first, last))
    return listed
