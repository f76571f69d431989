"""The calendar picture counts sessions and gaps, and tells no price."""

import numpy as np

from omp.market.bars import Bars, make_panel
from omp.market.coverage import coverage
from omp.market.venues import venue


def bars(symbol: str, days: list[str]) -> Bars:
    stamps = np.array(days, dtype="datetime64[D]").astype("datetime64[ns]").astype(np.int64)
    ones = np.ones(len(days))
    return Bars(symbol, stamps, ones, ones, ones, ones, ones)


def test_months_are_counted_from_a_symbols_own_first_bar() -> None:
    # New York, 2024: 21 sessions in January from the 2nd on, 20 in February; 15 January and
    # 19 February are holidays
    first = bars("AAA", ["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-05"])
    second = bars("BBB", ["2024-02-06", "2024-02-07"])
    mining = make_panel([first, second], "1d", "us", 252.0)
    sealed = make_panel([bars("AAA", ["2024-03-01"])], "1d", "us", 252.0)
    found = coverage((mining, sealed), venue("us"))
    assert (found["first_month"], found["months"], found["calendar"]) == ("2024-01", 3, "venue")
    assert found["symbols"]["AAA"] == {"start": 0, "sessions": [2, 20, 1], "missing": [0, 18, 0]}
    assert found["symbols"]["BBB"] == {"start": 1, "sessions": [2], "missing": [0]}


def test_where_no_calendar_reaches_the_bars_of_all_stand_for_it() -> None:
    early = make_panel(
        [bars("AAA", ["1901-01-02", "1901-01-04"]), bars("BBB", ["1901-01-03"])], "1d", "us", 252.0
    )
    far = coverage((early,), venue("synthetic"))
    assert far["symbols"]["AAA"]["sessions"] == [3]
    assert far["symbols"]["AAA"]["missing"] == [1]
