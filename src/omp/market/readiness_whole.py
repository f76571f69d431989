"""The rules of readiness about a data set as a whole: its length, its end, its age, its members."""

from collections.abc import Iterable
from datetime import date

import numpy as np

from omp.market.readiness_rule import DAY_NS, Context, Finding
from omp.market.splits import boundary_index

HALF_VOLUME_DAYS = 60
PARTIAL_VOLUME = 0.25  # volume of an unfinished daily bar against the usual one
LOWEST_OF = 250
MANY_SYMBOLS = 5
FEW_AT_THE_END = 0.8
"""Below this share of the symbols of the session before, the last session is not whole."""
SURVIVING_SESSIONS = 5
NAMED = 8


def too_short(context: Context) -> Iterable[Finding]:
    """There are too few bars on one side of the boundary; of shorter bars, too few days."""
    import polars as pl

    rows = context.ordered
    unit = "bars"
    if context.timeframe != "1d":
        unit = "days with bars"
        rows = rows.select("symbol", (pl.col("timestamp") // DAY_NS * DAY_NS).alias("timestamp"))
        rows = rows.unique(maintain_order=True)
    stamps = rows["timestamp"].unique().sort()
    cut = boundary_index(len(stamps), context.sealed_fraction)
    least = context.min_sealed_bars
    remedy = "import a longer history, or leave the symbol out"
    if min(cut, len(stamps) - cut) < least:
        detail = (
            f"{len(stamps)} {unit} give {cut} in-sample and {len(stamps) - cut} sealed; "
            f"each needs {least}"
        )
        yield Finding("*", None, detail, remedy, len(stamps))
        return
    early = pl.col("timestamp") < stamps[cut]
    per_symbol = rows.group_by("symbol", maintain_order=True).agg(
        early.sum().alias("n"), pl.col("timestamp").first()
    )
    for symbol, n_bars, first_ns in per_symbol.filter(pl.col("n") < least).iter_rows():
        detail = f"{n_bars} {unit} before the boundary; a symbol needs {least}"
        yield Finding(symbol, first_ns, detail, remedy, n_bars)


def partial_last(context: Context) -> Iterable[Finding]:
    """The last daily bars hold part of a session, or the last session part of the symbols."""
    import polars as pl

    rows = context.ordered
    if context.timeframe != "1d" or not rows.height:
        return
    ends = rows.group_by("symbol", maintain_order=True).agg(
        pl.col("timestamp").last(),
        pl.col("volume").last().alias("last"),
        pl.col("volume").slice(-1 - HALF_VOLUME_DAYS, HALF_VOLUME_DAYS).median().alias("usual"),
        pl.col("volume").slice(-1 - LOWEST_OF, LOWEST_OF).min().alias("lowest"),
        pl.len().alias("n"),
    )
    last = int(ends["timestamp"].max())  # type: ignore[arg-type]
    remedy = "import again after the close, or cut the session off"
    present = ends.filter(pl.col("timestamp") == last)
    before = rows.filter(pl.col("timestamp") < last)["timestamp"].max()
    if before is not None:
        there = rows.filter(pl.col("timestamp") == before).height
        if there >= MANY_SYMBOLS and present.height < FEW_AT_THE_END * there:
            detail = f"{present.height} symbols have a bar in the last session, {there} before it"
            yield Finding("*", last, detail, remedy, present.height, times=np.asarray([last]))
            return
    thin = present.filter(
        (pl.col("n") > HALF_VOLUME_DAYS)
        & (pl.col("last") > 0)
        & (pl.col("last") < PARTIAL_VOLUME * pl.col("usual"))
        & (pl.col("last") < pl.col("lowest"))
    )
    if 2 * thin.height <= present.height:  # a quiet day of some is no unfinished day of all
        return
    for symbol in thin["symbol"]:
        detail = f"the last bar has less than {PARTIAL_VOLUME:.0%} of the usual volume"
        yield Finding(str(symbol), last, detail, remedy, 1, times=np.asarray([last]))


def age(context: Context) -> Iterable[Finding]:
    """The last bar is older than the limit that was declared; without a limit nothing is asked."""
    limit = context.known.max_age_days
    if limit is None or not context.ordered.height:
        return
    last = int(context.ordered["timestamp"].max())  # type: ignore[arg-type]
    old = (context.now_ns - last) / DAY_NS
    if old > limit:
        detail = f"the last bar is {old:.0f} days old; at most {limit:g} are allowed"
        yield Finding("*", last, detail, "import newer bars", 0)


def survivorship(context: Context) -> Iterable[Finding]:
    """Every symbol trades until the end, as in a list drawn up afterwards."""
    import polars as pl

    universe = context.known.universe
    if universe is not None and universe.is_point_in_time:
        return
    ends = context.ordered.group_by("symbol").agg(pl.col("timestamp").max())["timestamp"]
    stamps = (context.ordered["timestamp"] // DAY_NS).unique().sort()
    if len(ends) < MANY_SYMBOLS or len(stamps) <= SURVIVING_SESSIONS:
        return
    if int(ends.min()) // DAY_NS >= int(stamps[-SURVIVING_SESSIONS]):  # type: ignore[arg-type]
        yield Finding(
            "*",
            None,
            f"all {len(ends)} symbols trade until the end: those that were delisted are not there",
            "use a universe with members by date: omp data universe NAME --membership FILE",
            0,
        )


def outside_universe(context: Context) -> Iterable[Finding]:
    """A symbol has bars on days on which it was no member of the universe."""
    universe = context.known.universe
    if universe is None:
        return
    for symbol, stamps in context.stamps_by_symbol.items():
        days = stamps // DAY_NS
        member = np.zeros(days.size, dtype=np.bool_)
        for first, after in universe.spells.get(_ticker(symbol, universe.spells), ()):
            member |= (days >= _day(first)) & (days < _day(after))
        wrong = stamps[~member]
        if wrong.size:
            yield Finding(
                symbol,
                int(wrong[0]),
                f"{wrong.size} of {days.size} bars while it was no member of {universe.name}",
                "make the universe with omp data universe, which keeps members' bars alone",
                int(wrong.size),
                times=wrong,
            )


def absent_members(context: Context) -> Iterable[Finding]:
    """Members of the universe during these years have no bar here."""
    universe = context.known.universe
    if universe is None or not context.ordered.height:
        return
    stamps = context.ordered["timestamp"]
    first, last = (int(one) // DAY_NS for one in (stamps.min(), stamps.max()))  # type: ignore[arg-type]
    there = {_ticker(symbol, universe.spells) for symbol in context.stamps_by_symbol}
    due = {
        ticker
        for ticker, spells in universe.spells.items()
        if any(_day(begin) <= last and _day(after) > first for begin, after in spells)
    }
    lacking = sorted(due - there)
    if lacking:
        named = ", ".join(lacking[:NAMED]) + (", …" if len(lacking) > NAMED else "")
        yield Finding(
            "*",
            None,
            f"{len(lacking)} of {len(due)} members of {universe.name} in these years have no bar: "
            f"{named}",
            "add their bars; those who left are often those who failed",
            0,
        )


def ex_mark(context: Context) -> Iterable[Finding]:
    """The file marks dividends or rights, and the prices are not adjusted for them."""
    import polars as pl

    marks = context.known.ex_marks
    if marks is None or context.known.adjusted is True:
        return
    spans = context.ordered.group_by("symbol", maintain_order=True).agg(
        (pl.col("timestamp").min() // DAY_NS).alias("first"),
        (pl.col("timestamp").max() // DAY_NS).alias("last"),
    )
    day = pl.col("date").cast(pl.Date).cast(pl.Int32).cast(pl.Int64)
    inside = marks.join(spans, on="symbol").filter(
        (day > pl.col("first")) & (day <= pl.col("last"))
    )
    for rows in inside.sort("symbol", "date").partition_by("symbol", maintain_order=True):
        kinds = ", ".join(sorted(set(rows["mark"].to_list()))[:NAMED])
        times = rows.select(day * DAY_NS).to_series().unique().sort().to_numpy()
        yield Finding(
            str(rows["symbol"][0]),
            int(times[0]),
            f"{times.size} sessions without a dividend or right ({kinds}), prices as traded",
            "give a table of corporate actions with --actions, leave the symbol out, or accept "
            "ex_mark",
            int(times.size),
            times=times,
        )


def adjustment(context: Context) -> Iterable[Finding]:
    """Nobody has said whether prices are adjusted for splits and dividends, or they are not."""
    if context.known.adjusted is True:
        return
    said = "are not" if context.known.adjusted is False else "may not be"
    yield Finding(
        "*",
        None,
        f"prices {said} adjusted for splits and dividends",
        "import adjusted prices, factor files, or a table of actions (--actions)",
        0,
    )


def _ticker(symbol: str, spells: object) -> str:
    """The member whose later spell a symbol such as `AAL_2` is."""
    base, _, number = symbol.rpartition("_")
    known = spells if isinstance(spells, dict) else {}
    return base if symbol not in known and number.isdigit() and base in known else symbol


def _day(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()
