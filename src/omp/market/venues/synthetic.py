"""The venue of truth-known markets: 252 sessions in every year, the first 252 weekdays of it."""

from datetime import date

import numpy as np

from omp.market.venues.base import Charges, Dated, Sessions, Terms, Venue
from omp.market.venues.hours import clock_hours

SESSIONS_PER_YEAR = 252


def sessions(first: date, last: date) -> Sessions:
    """The sessions from one date to another, both included (datetime64[D])."""
    years = [_year(year) for year in range(first.year, last.year + 1)]
    days = np.concatenate(years) if years else np.empty(0, dtype="datetime64[D]")
    inside = (days >= np.datetime64(first, "D")) & (days <= np.datetime64(last, "D"))
    return np.asarray(days[inside])


def _year(year: int) -> Sessions:
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    return days[np.is_busday(days)][:SESSIONS_PER_YEAR]


VENUE = Venue(
    name="synthetic",
    title="Truth-known markets",
    currency="USD",
    timezone="UTC",
    daily_bars_per_year=float(SESSIONS_PER_YEAR),
    terms=(
        Terms(
            since=date(1990, 1, 1),
            commission_bps=1.0,
            slippage_bps=1.0,
            tick=0.0,
            lot=1,
            opens="09:30",
            closes="16:00",
            source="the 2 bp a side that the bars of power were simulated with",
        ),
    ),
    sessions=sessions,
    charges=Charges(
        settlement_days=(Dated(date(1990, 1, 1), 0, "a market that is made settles at once"),),
    ),
    hours=clock_hours(sessions, "UTC", "09:30", "16:00"),
)
