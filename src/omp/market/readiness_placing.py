"""Where bars lie among the sessions of their venue: whole, cut off, displaced, outside.

Bars of less than a day stand on a grid of their length; the first of a session may begin before it
opens (a clock-hour label of 09:00 for 09:30), so a bar is inside when it overlaps the session.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from omp.market.venues import Venue
from omp.market.venues.base import DAY_NS

Times = NDArray[np.int64]
Flags = NDArray[np.bool_]
MINUTE_NS = 60_000_000_000
HALF_HOUR_NS = 30 * MINUTE_NS
SLACK_NS = 5 * MINUTE_NS
FARTHEST_NS = 12 * 60 * MINUTE_NS
MANY_BARS = 30
"""From so many bars a session on, some of them may lack: nothing was traded in them."""
MAY_LACK = 0.1
CLUSTER_DAYS, WEEK_DAYS = 10, 6
SHIFTED_SHARE = 0.95


class NoCalendar(Exception):
    """The calendar of the venue does not reach as far as the bars."""


def _none() -> Times:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Placed:
    """One symbol's bars among the sessions; all times are UTC nanoseconds.

    Args:
        symbol: the instrument.
        n_sessions: sessions between its first and its last bar.
        lacking: sessions without any bar (their first instant; daily: midnight).
        strange: bars on days without a session.
        outside: bars on days of sessions, but before, after or off the grid.
        cut: first instants of sessions that lack bars.
        n_cut: bars that those sessions lack.
        displaced: bars of sessions that lie as a whole at another time.
        moved_by: by how much most of them do, in words.
        partial_ns: first instant of the last session of the table, where its end is missing.
        n_partial: bars that it lacks.
    """

    symbol: str
    n_sessions: int
    lacking: Times = field(default_factory=_none)
    strange: Times = field(default_factory=_none)
    outside: Times = field(default_factory=_none)
    cut: Times = field(default_factory=_none)
    n_cut: int = 0
    displaced: Times = field(default_factory=_none)
    moved_by: str = ""
    partial_ns: int | None = None
    n_partial: int = 0


def place(
    own: Mapping[str, Times], venue: Venue, timeframe: str, bar_ns: int
) -> tuple[Placed, ...]:
    """Place the bars of every symbol.

    Args:
        own: the ascending times of each symbol's bars, UTC nanoseconds, none of them empty.
        venue: whose calendar counts.
        timeframe: such as "1h".
        bar_ns: length of a bar.

    Raises:
        NoCalendar: when there is no bar, or the calendar does not reach as far as the bars.
    """
    if not own:
        raise NoCalendar("no bar has a usable time")
    first = min(int(times[0]) for times in own.values())
    last = max(int(times[-1]) for times in own.values())
    span = f"{_date(first)} to {_date(last)}"
    if timeframe == "1d":
        sessions = venue.sessions(_date(first), _date(last))
        if sessions is None:
            raise NoCalendar(f"the {venue.name} calendar does not cover {span}")
        days = sessions.astype("datetime64[ns]").astype(np.int64)
        return tuple(_daily(symbol, times, days) for symbol, times in own.items())
    hours = venue.hours(_date(first - DAY_NS), _date(last + DAY_NS)) if venue.hours else None
    if hours is None or not hours.days.size:
        raise NoCalendar(f"the hours of {venue.name} sessions are not known from {span}")
    every = np.concatenate(list(own.values()))
    grid = _Grid.of(every, hours.opens_ns, hours.closes_ns, bar_ns, venue.timezone, hours.days)
    groups = [(symbol, times, grid.nearest(times)) for symbol, times in own.items()]
    end = max(int(at[-1]) for _, _, at in groups)
    return tuple(_intraday(symbol, times, at, grid, end) for symbol, times, at in groups)


# ----------------------------------------------------------------------- days


def _daily(symbol: str, times: Times, days: Times) -> Placed:
    whole = times - times % DAY_NS
    at_midnight = times % DAY_NS == 0
    on = np.isin(whole, days) & at_midnight
    expected = days[(days >= whole[0]) & (days <= whole[-1])]
    lacking = np.setdiff1d(expected, whole[on])
    displaced = np.zeros(times.size, dtype=np.bool_)
    moved = ""
    off = whole[~on & at_midnight]
    for step, word in ((DAY_NS, "one day early"), (-DAY_NS, "one day late")):
        for cluster in np.split(off, np.flatnonzero(np.diff(off) > CLUSTER_DAYS * DAY_NS) + 1):
            if cluster.size < 2:
                continue
            core = (whole >= cluster[0]) & (whole <= cluster[-1])
            if np.isin(whole[core] + step, days).mean() < SHIFTED_SHARE:
                continue
            displaced |= core
            low, high = cluster[0] - WEEK_DAYS * DAY_NS, cluster[-1] + WEEK_DAYS * DAY_NS
            explained = (lacking >= low) & (lacking <= high) & np.isin(lacking - step, whole)
            lacking = lacking[~explained]
            moved = word
    return Placed(
        symbol,
        int(expected.size),
        lacking=lacking,
        strange=times[~on & ~displaced],
        displaced=times[displaced],
        moved_by=moved,
    )


# ------------------------------------------------------------- within a day


@dataclass(frozen=True, eq=False)
class _Grid:
    """The bars that sessions should have.

    Args:
        starts, ends, closes: first and last expected bar of each session, and its close, [S].
        n: expected bars of each session, [S].
        step: length of a bar.
        phase: where bars begin, modulo their length.
        zone: the venue's time zone.
        days: the sessions' dates.
    """

    starts: Times
    ends: Times
    closes: Times
    n: Times
    step: int
    phase: int
    zone: str
    days: NDArray[np.datetime64]

    @staticmethod
    def of(
        stamps: Times,
        opens: Times,
        closes: Times,
        step: int,
        zone: str,
        days: NDArray[np.datetime64],
    ) -> "_Grid":
        phases, counts = np.unique(stamps % step, return_counts=True)
        phase = int(phases[counts.argmax()])
        starts = opens - (opens - phase) % step
        n = -(-(closes - starts) // step)
        return _Grid(starts, starts + (n - 1) * step, closes, n, step, phase, zone, days)

    def nearest(self, times: Times) -> Times:
        """Number of the session whose middle is nearest to each bar."""
        middle = (self.starts + self.closes) // 2
        edges = (middle[1:] + middle[:-1]) // 2
        return np.asarray(np.searchsorted(edges, times, side="right"), dtype=np.int64)

    def may_lack(self, at: Times) -> Times:
        """How many bars of a session may lack."""
        allowed = (self.n[at] * MAY_LACK).astype(np.int64)
        return np.where(self.n[at] > MANY_BARS, allowed, 0)


def _intraday(symbol: str, times: Times, at: Times, grid: _Grid, end: int) -> Placed:
    found, start, count = np.unique(at, return_index=True, return_counts=True)
    first, last = times[start], times[start + count - 1]
    early, late = first - grid.starts[found], last - grid.ends[found]
    rounded = np.rint(early / HALF_HOUR_NS).astype(np.int64) * HALF_HOUR_NS
    is_moved = (
        (rounded != 0)
        & (np.abs(rounded) <= FARTHEST_NS)
        & (np.abs(early - rounded) <= SLACK_NS)
        & (np.abs(late - rounded) <= SLACK_NS)
        & (count > 1)
    )
    inside = (times >= grid.starts[at]) & (times < grid.closes[at])
    inside &= (times - grid.phase) % grid.step == 0
    place_of = np.searchsorted(found, at)
    in_moved = is_moved[place_of]
    n_inside = np.bincount(place_of[inside], minlength=found.size)
    there = found[(n_inside > 0) | is_moved]
    lacking = _none()
    if there.size:
        lacking = np.setdiff1d(np.arange(there[0], there[-1] + 1), there)
    missing = grid.n[found] - n_inside
    cut = (missing > grid.may_lack(found)) & ~is_moved & (n_inside > 0)
    partial_ns, n_partial = None, 0
    inside_last = times[inside & (at == end)]
    if found[-1] == end and cut[-1] and inside_last.size:
        slack = int(grid.may_lack(np.asarray([end]))[0])
        n_partial = int((grid.ends[end] - inside_last[-1]) // grid.step)
        if n_partial > slack:
            partial_ns = int(grid.starts[end])
            cut[-1] = missing[-1] - n_partial > slack
    wrong = ~inside & ~in_moved
    strange = wrong & ~_on_session_days(times, wrong, grid)
    return Placed(
        symbol,
        int(there[-1] - there[0] + 1) if there.size else 0,
        lacking=grid.starts[lacking],
        strange=times[strange],
        outside=times[wrong & ~strange],
        cut=grid.starts[found[cut]],
        n_cut=int(missing[cut].sum()),
        displaced=times[in_moved],
        moved_by=_in_words(rounded[is_moved]),
        partial_ns=partial_ns,
        n_partial=n_partial if partial_ns is not None else 0,
    )


def _on_session_days(times: Times, asked: Flags, grid: _Grid) -> Flags:
    """Whether the local date of each bar asked about is that of a session."""
    import polars as pl

    answer = np.ones(times.size, dtype=np.bool_)
    if asked.any():
        local = pl.Series(times[asked]).cast(pl.Datetime("ns", "UTC"))
        dates = local.dt.convert_time_zone(grid.zone).dt.date().to_numpy()
        answer[asked] = np.isin(dates.astype("datetime64[D]"), grid.days)
    return answer


def _in_words(moves: Times) -> str:
    if not moves.size:
        return ""
    kinds, counts = np.unique(moves, return_counts=True)
    most = float(kinds[counts.argmax()]) / (60 * MINUTE_NS)
    return f"{abs(most):g} h {'late' if most > 0 else 'early'}"


def _date(time_ns: int) -> date:
    return date.fromisoformat(str(np.datetime64(time_ns, "ns").astype("datetime64[D]")))
