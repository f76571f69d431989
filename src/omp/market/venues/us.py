"""United States equities (NYSE and NASDAQ, regular session)."""

from datetime import date

from omp.market.venues.base import Terms, Venue, calendar_sessions

VENUE = Venue(
    name="us",
    title="United States equities",
    currency="USD",
    timezone="America/New_York",
    daily_bars_per_year=252.0,
    terms=(
        Terms(
            since=date(1990, 1, 1),
            commission_bps=1.0,
            slippage_bps=1.0,
            tick=0.01,
            lot=1,
            opens="09:30",
            closes="16:00",
            source="zero-commission broker; the SEC and TAF fees on sells are below 0.3 bp a "
            "side; half a spread of 2 bp in large caps",
        ),
    ),
    sessions=calendar_sessions("XNYS"),
)
