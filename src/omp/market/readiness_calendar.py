"""The rules of readiness that ask the venue's calendar: days, hours, and whole sessions."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from omp.market.readiness_rule import Context, Finding, day_or_time

NAMED_TIMES = 3


def gap(context: Context) -> Iterable[Finding]:
    """A session between the first and the last bar of a symbol has no bar."""
    for one in context.placed:
        if one.lacking.size:
            yield _finding(
                one.symbol,
                one.lacking,
                f"{one.lacking.size} of {one.n_sessions} sessions have no bar",
                "fill the missing sessions from another source, or accept gap if it did not trade",
            )


def cut_session(context: Context) -> Iterable[Finding]:
    """A session lacks bars: any bar of up to 30 a session, more than a tenth of more."""
    for one in context.placed:
        if one.cut.size:
            yield _finding(
                one.symbol,
                one.cut,
                f"{one.n_cut} bars lack in {one.cut.size} of {one.n_sessions} sessions",
                "fetch these sessions again, drop them, or accept cut_session "
                "if nothing was traded",
                one.n_cut,
            )


def partial_session(context: Context) -> Iterable[Finding]:
    """The last session of the data ends before its close."""
    for one in context.placed:
        if one.partial_ns is not None:
            yield _finding(
                one.symbol,
                np.asarray([one.partial_ns]),
                f"the last session lacks its last {one.n_partial} bars",
                "import again after the close, or cut the session off",
                one.n_partial,
            )


def off_calendar(context: Context) -> Iterable[Finding]:
    """A bar lies on a day that was no session, or a daily bar carries a time of day."""
    for one in context.placed:
        if one.strange.size:
            yield _finding(
                one.symbol,
                one.strange,
                f"{one.strange.size} bars on days without a session",
                f"check dates and time zone against the {context.venue.name} calendar, drop the "
                "bars, or accept off_calendar",
            )


def off_session(context: Context) -> Iterable[Finding]:
    """A bar lies before or after its session, or begins between the steps of the others."""
    for one in context.placed:
        if one.outside.size:
            yield _finding(
                one.symbol,
                one.outside,
                f"{one.outside.size} bars outside the sessions or off their steps",
                f"check the time zone against the {context.venue.name} sessions, drop the bars "
                "or accept off_session",
            )


def time_zone(context: Context) -> Iterable[Finding]:
    """Whole sessions lie at another time, as with a wrong zone or a missed change of the clock."""
    for one in context.placed:
        if one.displaced.size:
            yield _finding(
                one.symbol,
                one.displaced,
                f"{one.displaced.size} bars lie {one.moved_by} as whole sessions",
                "name the zone of the file with --timezone; a zone has its own summer time, a "
                "fixed offset has none",
            )


def _finding(
    symbol: str, times: NDArray[np.int64], what: str, remedy: str, bars: int | None = None
) -> Finding:
    named = ", ".join(day_or_time(int(one)) for one in times[:NAMED_TIMES])
    more = ", …" if times.size > NAMED_TIMES else ""
    n_bars = int(times.size) if bars is None else bars
    return Finding(symbol, int(times[0]), f"{what}: {named}{more}", remedy, n_bars, times=times)
