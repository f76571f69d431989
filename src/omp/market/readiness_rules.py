"""The table of the rules of readiness, in the order in which they are judged.

Another rule is one function and one line here; distributions add theirs by the entry point
`omp.readiness`, each a `Rule`.
"""

from functools import cache
from importlib.metadata import entry_points

from omp.market import readiness_bars as bars
from omp.market import readiness_calendar as calendar
from omp.market import readiness_ticks as ticks
from omp.market import readiness_whole as whole
from omp.market.certificate import FLAG
from omp.market.readiness_rule import Rule

_OWN = (
    Rule(
        "missing_value",
        "a value is absent, no number, or infinite",
        bars.missing_value,
    ),
    Rule("order", "the bars of a symbol do not ascend in time", bars.order),
    Rule(
        "duplicate",
        "a symbol has two bars of one time",
        bars.duplicate,
    ),
    Rule(
        "non_positive",
        "a price is zero or less, or a volume negative",
        bars.non_positive,
    ),
    Rule("ohlc", "open or close lies outside low to high", bars.ohlc),
    Rule("future", "a bar has not closed yet", bars.future),
    Rule(
        "time_zone",
        "whole sessions lie at another time: a wrong zone, or a missed change of the clock",
        calendar.time_zone,
        needs_calendar=True,
    ),
    Rule(
        "off_calendar",
        "a bar lies on a day without a session",
        calendar.off_calendar,
        acceptable=True,
        needs_calendar=True,
    ),
    Rule(
        "off_session",
        "a bar lies outside its session, or between the steps of the others",
        calendar.off_session,
        acceptable=True,
        needs_calendar=True,
    ),
    Rule(
        "gap",
        "a session between a symbol's first and last bar has no bar",
        calendar.gap,
        acceptable=True,
        needs_calendar=True,
    ),
    Rule(
        "cut_session",
        "a session lacks one of up to 30 bars, or more than a tenth of more",
        calendar.cut_session,
        acceptable=True,
        needs_calendar=True,
    ),
    Rule(
        "partial_session",
        "the last session of shorter bars ends before its close",
        calendar.partial_session,
        needs_calendar=True,
    ),
    Rule(
        "partial_last",
        "the last daily bars have less than a quarter of the usual volume, or four fifths of the "
        "symbols or fewer",
        whole.partial_last,
        acceptable=True,
    ),
    Rule(
        "zero_volume",
        "more than 5 % of a symbol's bars have no volume",
        bars.zero_volume,
        acceptable=True,
    ),
    Rule(
        "stale",
        "two or more bars in a row, or 1 % of all, repeat the one before, volume included; five of "
        "them if they are flat",
        bars.stale,
        acceptable=True,
    ),
    Rule(
        "bad_tick",
        "a price goes far away and comes back at once without the volume of news",
        ticks.bad_tick,
        acceptable=True,
    ),
    Rule(
        "split_jump",
        "the open is within 3 % of a split ratio of the last close, or beyond 2.5 times",
        ticks.split_jump,
        acceptable=True,
    ),
    Rule(
        "spin_off",
        "a price jumps 10 % or more over night and stays, without the volume of news, beyond what "
        "the market did and 15 times the usual",
        ticks.spin_off,
        acceptable=True,
    ),
    Rule(
        "ex_mark",
        "the file marks dividends or rights, and prices are as traded",
        whole.ex_mark,
        acceptable=True,
    ),
    Rule(
        "too_short",
        "fewer than 250 bars (days, of shorter bars) on either side of the boundary, or of a "
        "symbol before it",
        whole.too_short,
    ),
    Rule("age", "the last bar is older than the limit that was declared", whole.age),
    Rule(
        "outside_universe",
        "a symbol has bars while it was no member of the universe given",
        whole.outside_universe,
    ),
    Rule(
        "absent_members",
        "members of the universe in these years have no bar",
        whole.absent_members,
        severity=FLAG,
    ),
    Rule(
        "survivorship",
        "each of five or more symbols trades until the end, and no members by date are given",
        whole.survivorship,
        severity=FLAG,
    ),
    Rule(
        "adjustment",
        "prices are not adjusted for splits and dividends, or nobody knows",
        whole.adjustment,
        severity=FLAG,
    ),
    Rule(
        "repeat",
        "a lone bar repeats the one before it, volume included",
        bars.repeat,
        severity=FLAG,
    ),
    Rule(
        "shadow",
        "high or low is far from open and close in a busy bar",
        ticks.shadow,
        severity=FLAG,
    ),
)


@cache
def rules() -> dict[str, Rule]:
    """Every rule by name, in the order in which they are judged; those of others come last.

    Raises:
        ValueError: when two rules have one name.
    """
    strangers = tuple(point.load() for point in entry_points(group="omp.readiness"))
    found = {one.name: one for one in (*_OWN, *strangers)}
    if len(found) != len(_OWN) + len(strangers):
        raise ValueError("two rules of readiness have one name; rename one of them")
    return found
