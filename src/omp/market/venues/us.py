"""United States equities (NYSE and NASDAQ, regular session)."""

from datetime import date

from omp.market.venues.base import Charges, Dated, Terms, Venue, calendar_sessions
from omp.market.venues.hours import calendar_hours

SEC = "SEC fee rate advisories (Securities Exchange Act, section 31)"
TAF = "FINRA By-Laws, schedule A, section 1: trading activity fee on sales of shares"
SETTLED = "SEC rule 15c6-1"

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
    charges=Charges(
        settlement_days=(
            Dated(date(1990, 1, 1), 5, "market practice before rule 15c6-1"),
            Dated(date(1995, 6, 7), 3, SETTLED),
            Dated(date(2017, 9, 5), 2, SETTLED),
            Dated(date(2024, 5, 28), 1, SETTLED),
        ),
        sell_fee_bps=tuple(
            Dated(date.fromisoformat(day), value, SEC)
            for day, value in (
                ("2009-04-10", 0.257),
                ("2010-01-15", 0.127),
                ("2010-04-01", 0.169),
                ("2011-01-21", 0.192),
                ("2012-04-01", 0.224),
                ("2013-05-25", 0.174),
                ("2014-03-18", 0.221),
                ("2015-02-14", 0.184),
                ("2016-02-16", 0.218),
                ("2017-07-04", 0.231),
                ("2018-05-22", 0.130),
                ("2019-04-16", 0.207),
                ("2020-02-18", 0.221),
                ("2021-02-25", 0.051),
                ("2022-05-14", 0.229),
                ("2023-02-27", 0.080),
                ("2024-05-22", 0.278),
                ("2025-05-14", 0.0),
            )
        ),
        sell_fee_per_share=(
            Dated(date(2012, 7, 1), 0.000119, TAF),
            Dated(date(2022, 1, 1), 0.000130, TAF),
            Dated(date(2023, 1, 1), 0.000145, TAF),
            Dated(date(2024, 1, 1), 0.000166, TAF),
        ),
        sell_fee_cap=(
            Dated(date(2012, 7, 1), 5.95, TAF),
            Dated(date(2022, 1, 1), 6.49, TAF),
            Dated(date(2023, 1, 1), 7.27, TAF),
            Dated(date(2024, 1, 1), 8.30, TAF),
        ),
        borrow_bps_annual=(
            Dated(date(1990, 1, 1), 30.0, "an assumption for easily borrowed large caps"),
        ),
    ),
    hours=calendar_hours("XNYS"),
    bars_per_session={
        "1m": 388.4261,
        "5m": 77.6852,
        "10m": 38.8426,
        "15m": 25.8951,
        "30m": 12.9475,
        "1h": 6.9738,
    },
)
