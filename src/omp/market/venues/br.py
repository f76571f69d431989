"""Brazilian equities (B3, cash market, round lots)."""

from datetime import date

from omp.market.venues.base import Terms, Venue, calendar_sessions

VENUE = Venue(
    name="br",
    title="Brazilian equities (B3)",
    currency="BRL",
    timezone="America/Sao_Paulo",
    daily_bars_per_year=248.0,
    terms=(
        Terms(
            since=date(1995, 1, 1),
            commission_bps=3.0,
            slippage_bps=2.0,
            tick=0.01,
            lot=100,
            opens="10:00",
            closes="17:00",
            source="B3's schedule of trading and settlement fees: 3.0 bp a side (day trade 2.3)",
        ),
    ),
    sessions=calendar_sessions("BVMF"),
    override="exchange_calendars closes B3 at 18:00 all year; the close is 17:00 while New York "
    "keeps summer time and 18:00 otherwise. Daily bars use session dates only; bars per year of "
    "shorter timeframes count the shorter session.",
)
