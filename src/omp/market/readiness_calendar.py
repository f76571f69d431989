"""The rules of readiness that ask the venue's calendar: days, hours, and whole sessions."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from omp.market.readiness_placing import Placed, Times
from omp.market.readiness_rule import Context, Finding, day_or_time

NAMED_TIMES = 3


def gap(context: Context) -> Iterable[Finding]:
    """A session between the first and the last bar of a symbol has no bar."""
    yield from _each(
        context,
        lambda one: one.lacking,
        lambda one: f"{one.lacking.size} of {one.n_sessions} sessions have no bar",
        "fill the missing sessions from another source, or accept gap if it did not trade",
    )


def cut_session(context: Context) -> Iterable[Finding]:
    """A session lacks bars: any bar of up to 30 a session, more than a tenth of more."""
    yield from _each(
        context,
        lambda one: one.cut,
        lambda one: f"{one.n_cut} bars lack in {one.cut.size} of {one.n_sessions} sessions",
        "fetch these sessions again, drop them, or accept cut_session if nothing was traded",
        lambda one: one.n_cut,
    )


def partial_session(context: Context) -> Iterable[Finding]:
    """The last session of the data ends before its close."""
    yield from _each(
        context,
        lambda one: np.asarray([] if one.partial_ns is None else [one.partial_ns], dtype=np.int64),
        lambda one: f"the last session lacks its last {one.n_partial} bars",
        "import again after the close, or cut the session off",
        lambda one: one.n_partial,
    )


def off_calendar(context: Context) -> Iterable[Finding]:
    """A bar lies on a day that was no session, or a daily bar carries a time of day."""
    yield from _each(
        context,
        lambda one: one.strange,
        lambda one: f"{one.strange.size} bars on days without a session",
        f"check dates and time zone against the {context.venue.name} calendar, drop the bars, or "
        "accept off_calendar",
    )


def off_session(context: Context) -> Iterable[Finding]:
    """A bar lies before or after its session, or begins between the steps of the others."""
    yield from _each(
        context,
        lambda one: one.outside,
        lambda one: f"{one.outside.size} bars outside the sessions or off their steps",
        f"check the time zone against the {context.venue.name} sessions, drop the bars or accept "
        "off_session",
    )


def time_zone(context: Context) -> Iterable[Finding]:
    """Whole sessions lie at another time, as with a wrong zone or a missed change of the clock."""
    yield from _each(
        context,
        lambda one: one.displaced,
        lambda one: f"{one.displaced.size} bars lie {one.moved_by} as whole sessions",
        "name the zone of the file with --timezone; a zone has its own summer time, a fixed "
        "offset has none",
    )


def _each(
    context: Context,
    times_of: Callable[[Placed], Times],
    what: Callable[[Placed], str],
    remedy: str,
    bars: Callable[[Placed], int] | None = None,
) -> Iterator[Finding]:
    """A finding for each symbol that has times at fault, which it names the first of.

    Args:
        times_of: what is at fault, UTC nanoseconds.
        what: the same in words.
        remedy: what to do.
        bars: how many bars are at fault, where that is not the number of times.
    """
    for one in context.placed:
        times = times_of(one)
        if times.size:
            named = ", ".join(day_or_time(int(at)) for at in times[:NAMED_TIMES])
            more = ", …" if times.size > NAMED_TIMES else ""
            n_bars = int(times.size) if bars is None else bars(one)
            detail = f"{what(one)}: {named}{more}"
            yield Finding(one.symbol, int(times[0]), detail, remedy, n_bars, times=times)
