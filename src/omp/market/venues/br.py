"""Brazilian equities (B3, cash market, round lots; odd lots in the fractional market)."""

from datetime import date

from omp.market.venues.base import Charges, Dated, Terms, Venue, calendar_sessions
from omp.market.venues.hours import calendar_hours, closing_by_summer_of

TIMEZONE = "America/Sao_Paulo"
FEES = "B3's schedule of trading and settlement fees: 3.0 bp a side (day trade 2.3)"

VENUE = Venue(
    name="br",
    title="Brazilian equities (B3)",
    currency="BRL",
    timezone=TIMEZONE,
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
            source=FEES,
        ),
    ),
    sessions=calendar_sessions("BVMF"),
    override="exchange_calendars closes B3 at 18:00 all year; the close is 17:00 while New York "
    "keeps summer time and 18:00 otherwise. Ash Wednesday opens at 13:00.",
    charges=Charges(
        settlement_days=(
            Dated(date(1995, 1, 1), 3, "BM&FBOVESPA's settlement cycle, D+3"),
            Dated(date(2019, 5, 27), 2, "B3: D+2 for equities from 27 May 2019"),
        ),
        day_trade_bps=(Dated(date(1995, 1, 1), 2.3, FEES),),
        borrow_bps_annual=(
            Dated(date(1995, 1, 1), 200.0, "an assumption for liquid shares; rates are agreed"),
        ),
    ),
    fractional_lot=1,
    hours=closing_by_summer_of(
        calendar_hours("BVMF"),
        timezone=TIMEZONE,
        abroad="America/New_York",
        summer="17:00",
        winter="18:00",
    ),
    bars_per_session={
        "1m": 439.9272,
        "5m": 87.9854,
        "10m": 43.9927,
        "15m": 29.3285,
        "30m": 14.6642,
        "1h": 7.3321,
    },
)
