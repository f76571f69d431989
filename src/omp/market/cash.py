"""The yield of cash during each bar, from a table of annual yields.

A yield of a date is earned from that date's close to the close of the next date of the table, so a
bar's cash is known before the bar. A session's yield belongs to its first bar; the later bars of
the session earn nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import DataNotReady, InvalidInput
from omp.market.bars import Float, Int, Panel
from omp.market.importers.base import refused

Days = NDArray[np.datetime64]
COLUMNS = ("date", "annual_yield_pct")
LIMITS_PCT = (-50.0, 200.0)


@dataclass(frozen=True)
class Convention:
    """How an annual yield becomes that of a span of days.

    Args:
        meaning: in words.
        max_gap_days: longest span, in calendar days, between two dates of a table.
        growth: growth factor of yields (fractions a year, [N]) over spans (calendar days, [N]).
        source: who quotes so.
    """

    meaning: str
    max_gap_days: int
    growth: Callable[[Float, Float], Float]
    source: str


CONVENTIONS: Mapping[str, Convention] = {
    "cdi": Convention(
        "(1 + y) ** (1 / 252) for each business day, which is each row of the table",
        10,
        lambda annual, days: np.where(days > 0, (1.0 + annual) ** (1.0 / 252.0), 1.0),
        "B3, methodology of the DI rate: 252 business days, compounded",
    ),
    "act360": Convention(
        "1 + y * days / 360",
        40,
        lambda annual, days: 1.0 + annual * days / 360.0,
        "money-market yield of the Federal Reserve's H.15 (bank discount, federal funds)",
    ),
    "act365": Convention(
        "1 + y * days / 365",
        40,
        lambda annual, days: 1.0 + annual * days / 365.0,
        "US Treasury, daily bill rates: coupon-equivalent (investment) yield",
    ),
}
BY_NAME = {"cdi": "cdi", "tbill": "act365"}
"""Name of a yield → the convention it is quoted in."""


@dataclass(frozen=True, eq=False)
class Yields:
    """A named table of annual yields.

    Args:
        name: such as "cdi".
        convention: key of `CONVENTIONS`.
        days: dates, strictly ascending, [N].
        annual: yields as fractions a year, [N].
    """

    name: str
    convention: str
    days: Days
    annual: Float


def read_yields(path: Path, name: str, convention: str = "") -> Yields:
    """A table `date,annual_yield_pct` (ISO dates, percent a year).

    Args:
        path: the CSV.
        name: name of the yields; `cdi` and `tbill` imply their convention.
        convention: key of `CONVENTIONS`, for other names.

    Raises:
        InvalidInput: when the convention is unknown or not implied.
        DataNotReady: `yields`, with the line, when the table cannot be used.
    """
    import polars as pl

    counted = convention or BY_NAME.get(name, "")
    if counted not in CONVENTIONS:
        raise InvalidInput(
            f"the day count {counted or 'of the yields'!r} of {name!r}",
            allowed=", ".join(f"{key}: {one.meaning}" for key, one in CONVENTIONS.items()),
            remedy="name it with --convention",
        )
    try:
        text = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _faulty(path, str(error).splitlines()[0]) from error
    lacking = [column for column in COLUMNS if column not in text.columns]
    if lacking or not text.height:
        raise _faulty(path, f"it has no {'column ' + ', '.join(lacking) if lacking else 'row'}")
    table = text.select(
        pl.col("date").str.strip_chars().str.to_date("%Y-%m-%d", strict=False),
        pl.col("annual_yield_pct").str.strip_chars().cast(pl.Float64, strict=False),
    )
    rising = pl.col("date") > pl.col("date").shift(1)
    sane = pl.col("annual_yield_pct").is_between(*LIMITS_PCT)
    good = table.select((rising.fill_null(value=True) & sane).fill_null(value=False)).to_series()
    good &= table["date"].is_not_null()
    if not good.all():
        at = int((~good).arg_max() or 0)
        raise _faulty(path, f"line {at + 2} reads {','.join(str(one) for one in text.row(at))!r}")
    days = table["date"].to_numpy().astype("datetime64[D]")
    gap = CONVENTIONS[counted].max_gap_days
    wide = np.flatnonzero(np.diff(days).astype(np.int64) > gap)
    if wide.size:
        at = int(wide[0])
        raise _faulty(path, f"nothing between {days[at]} and {days[at + 1]}, above {gap} days")
    return Yields(name, counted, days, table["annual_yield_pct"].to_numpy() / 100.0)


def with_yields(panel: Panel, yields: Yields, sessions: Int) -> Panel:
    """The panel with the yield of cash during each of its bars.

    Args:
        panel: any panel.
        yields: the table, which must reach from the session before the first to the last one.
        sessions: day number (since 1970-01-01) of the session of each row of the panel, [T].

    Raises:
        DataNotReady: when the table does not cover the panel.
    """
    days = sessions.astype("datetime64[D]")
    convention = CONVENTIONS[yields.convention]
    known, last = yields.days[0], yields.days[-1] + np.timedelta64(convention.max_gap_days, "D")
    if days[0] <= known or days[-1] > last:
        raise DataNotReady(
            f"the yields {yields.name} reach from {yields.days[0]} to {yields.days[-1]}, the bars "
            f"from {days[0]} to {days[-1]}",
            allowed="yields from a day before the first bar up to the last",
            remedy="give a longer table, or cut the data",
            faults=("yields",),
        )
    index = _index(yields, convention, days)
    before = _index(yields, convention, (sessions[:1] - 1).astype("datetime64[D]"))
    worth = np.concatenate([before, index])
    return replace(panel, cash=np.diff(worth) / worth[:-1])


def carried(before: Panel, after: Panel) -> Panel:
    """The panel with the yields of the one it was made from, compounded over what is not a bar.

    Args:
        before: the panel it was made from.
        after: longer bars of it, or some of its bars; its own yields are not read.
    """
    if not before.cash.any():
        return after
    old, new = before.timestamp, after.timestamp
    if before.timeframe == after.timeframe:  # what a bar earned that went, the next one earns
        at = np.searchsorted(new, old, side="left")
        kept = (old >= new[0]) & (at < new.size)
    else:
        at = np.searchsorted(new, old, side="right") - 1
        kept = at >= 0
    growth = np.ones(new.size)
    np.multiply.at(growth, at[kept], 1.0 + before.cash[kept])
    alone = np.bincount(at[kept], minlength=new.size) == 1
    cash = growth - 1.0
    single = kept & alone[np.minimum(at, new.size - 1)]
    cash[at[single]] = before.cash[single]
    return replace(after, cash=cash)


def _index(yields: Yields, convention: Convention, days: Days) -> Float:
    """What 1 has grown to at the close of each day."""
    spans = np.diff(yields.days).astype(np.int64).astype(np.float64)
    grown = np.concatenate([[1.0], np.cumprod(convention.growth(yields.annual[:-1], spans))])
    at = np.maximum(np.searchsorted(yields.days, days, side="right") - 1, 0)
    since = (days - yields.days[at]).astype(np.int64).astype(np.float64)
    found: Float = grown[at] * convention.growth(yields.annual[at], np.maximum(since, 0.0))
    return found


def _faulty(path: Path, what: str) -> Exception:
    return refused(
        path.name,
        "yields",
        what,
        allowed="date,annual_yield_pct with ISO dates that ascend and percent a year",
        remedy="correct the table of yields",
    )
