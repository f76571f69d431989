"""The calendar picture: months by kind, the worst symbols first, each row told in words."""

from typing import Any

import pytest

from omp.web.calendar_picture import ACCEPTED, BAD, FAULT, GAP, WHOLE, picture

CALENDAR: dict[str, Any] = {
    "schema_version": 1,
    "calendar": "venue",
    "first_month": "2019-11",
    "months": 4,
    "symbols": {
        "AAA": {"start": 0, "sessions": [20, 21, 21, 19], "missing": [0, 0, 0, 0]},
        "BBB": {"start": 1, "sessions": [21, 21, 19], "missing": [1, 0, 9]},
    },
}


def fault(rule: str, symbol: str, time: str) -> dict[str, str]:
    return {"rule": rule, "symbol": symbol, "time": time, "detail": "d", "remedy": "r"}


def test_whole_months_are_one_bar_and_others_stand_alone() -> None:
    found = picture(CALENDAR, {}, boundary="2020-01-01T00:00:00Z")
    assert found is not None
    worse, whole = found.rows
    assert (worse.symbol, whole.symbol) == ("BBB", "AAA")
    pixels = found.width // 4
    assert [(one.x, one.width, one.kind) for one in whole.cells] == [(0, 4 * pixels, WHOLE)]
    assert [(one.x // pixels, one.kind) for one in worse.cells] == [(1, GAP), (2, WHOLE), (3, BAD)]
    assert worse.words.startswith("BBB, 2019-12 to 2020-02: 10 of 61 sessions without bars")
    assert "2020-02: 9 of 19" in worse.words
    assert found.sealed_x == 2 * pixels
    assert found.years == ((2 * pixels, "2020"),)
    assert found.symbols_at_fault == 1


def test_faults_stand_out_and_lead() -> None:
    certificate = {
        "faults": [fault("split_jump", "AAA", "2020-01-07T00:00:00Z"), fault("x", "*", "")],
        "accepted": [fault("gap", "BBB", "2019-12-02T00:00:00Z")],
    }
    found = picture(CALENDAR, certificate, boundary="2020-01-01", limit=1)
    assert found is not None
    assert (len(found.rows), found.n_symbols) == (1, 2)
    assert [one.kind for one in found.rows[0].cells] == [WHOLE, FAULT, WHOLE]
    assert found.rows[0].cells[1].title == "2020-01: fault split_jump"
    both = picture(CALENDAR, certificate, boundary="2020-01-01")
    assert both is not None
    assert both.rows[1].cells[0].kind == ACCEPTED


@pytest.mark.parametrize("broken", [None, {}, {"months": 3}, {**CALENDAR, "first_month": "x"}])
def test_what_cannot_be_read_has_no_picture(broken: dict[str, Any] | None) -> None:
    assert picture(broken, {}, boundary="2020-01-01") is None


def test_every_month_with_a_finding_is_marked_and_flags_are_not() -> None:
    symbol = next(iter(CALENDAR["symbols"]))
    start = CALENDAR["first_month"]
    certificate = {
        "accepted": [{"rule": "bad_tick", "symbol": symbol, "time": f"{start}-02"}],
        "severity": {"bad_tick": "fault", "shadow": "flag"},
        "flagged_months": {symbol: {start: {"bad_tick": 2, "shadow": 1}}},
    }
    found = picture(CALENDAR, certificate, boundary="2020-01-01")
    assert found is not None
    (row,) = (one for one in found.rows if one.symbol == symbol)
    assert [cell.title.partition(",")[0] for cell in row.cells if cell.kind == "accepted"] == [
        f"{start}: accepted bad_tick"
    ]
