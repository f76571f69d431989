"""When the bars of a made market lie, and how its variance and drift are spread over them.

A daily market has one bar a session. An hourly one has seven, the last of half an hour: over the
session volatility is shaped like a U (Wood, McInish & Ord 1985), over night there is a gap with
its share of the day's variance, and between two bars of one session there is none. A session is
due the same variance and the same drift whichever way it is cut.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from omp.domain.timeframes import MINUTES
from omp.market.venues.synthetic import SESSIONS_PER_YEAR, VENUE, sessions

Float = NDArray[np.float64]

SIGMA = 0.01  # standard deviation of a session's return
NIGHT_SHARE = 0.25  # share of a session's variance that falls between close and open
PERIODS_PER_YEAR = 252.0
LAST_YEAR = 2023
DAILY, HOURLY = "1d", "1h"
U_SHAPE = (0.30, 0.14, 0.10, 0.09, 0.10, 0.13, 0.14)
"""Share of each hourly bar in the variance between open and close of the session."""
BARS_A_SESSION = {DAILY: 1, HOURLY: len(U_SHAPE)}
SHIFT_REACH = 1.0
"""A shifting drift lies at most so far from its mean, in annual Sharpe ratios of holding."""


@dataclass(frozen=True, eq=False)
class Rhythm:
    """How variance and drift are spread over bars; [T], or [1] where all bars are alike.

    Args:
        timeframe: length of a bar.
        periods_per_year: bars a year.
        night, day: variance of the moves close to open and open to close, relative to that of a
            whole session's.
        night_drift, day_drift: share of a session's drift that is earned over each of them.
    """

    timeframe: str
    periods_per_year: float
    night: Float
    day: Float
    night_drift: Float
    day_drift: Float


EVERY_DAY = Rhythm(DAILY, PERIODS_PER_YEAR, np.ones(1), np.ones(1), np.zeros(1), np.ones(1))
"""Of daily bars: a bar's whole drift is earned over the day, for a rule enters and leaves at it."""


def rhythm(timeframe: str, n_bars: int) -> Rhythm:
    """The rhythm of a market of whole sessions."""
    if timeframe == DAILY:
        return EVERY_DAY
    n_sessions = n_bars // len(U_SHAPE)
    night = np.tile(np.eye(1, len(U_SHAPE))[0], n_sessions)
    day = np.tile(np.array(U_SHAPE), n_sessions)
    a_year = VENUE.bars_per_year(timeframe)
    return Rhythm(timeframe, a_year, night, day, NIGHT_SHARE * night, (1.0 - NIGHT_SHARE) * day)


def calendar(timeframe: str, n_bars: int) -> NDArray[np.int64]:
    """Times of the last bars before the end of `LAST_YEAR`, UTC nanoseconds, [T]."""
    a_session = BARS_A_SESSION[timeframe]
    n_sessions = n_bars // a_session
    years = -(-n_sessions // SESSIONS_PER_YEAR)
    days = sessions(date(LAST_YEAR - years + 1, 1, 1), date(LAST_YEAR, 12, 31))[-n_sessions:]
    stamps = days.astype("datetime64[ns]").astype(np.int64)
    if timeframe == DAILY:
        return stamps
    opens = VENUE.terms[0].opens
    first = int(opens[:2]) * 60 + int(opens[3:])
    minutes = first + MINUTES[timeframe] * np.arange(a_session, dtype=np.int64)
    return np.asarray((stamps[:, None] + 60_000_000_000 * minutes).ravel())


def shifting(
    rng: np.random.Generator, n_bars: int, mean: float, bars_between: float
) -> float | Float:
    """The annual Sharpe ratio of holding that is in force in each bar; constant where it stays.

    Args:
        rng: where the dates and the levels come from; prices know neither.
        n_bars: bars of the market.
        mean: of the levels, which are uniform within `SHIFT_REACH` of it.
        bars_between: bars between two changes, on average; 0 for a drift that stays.
    """
    if not bars_between:
        return mean
    level = np.cumsum(rng.random(n_bars) < 1.0 / bars_between)
    drawn = rng.uniform(-SHIFT_REACH, SHIFT_REACH, n_bars + 1)
    return np.asarray(mean + drawn[level])
