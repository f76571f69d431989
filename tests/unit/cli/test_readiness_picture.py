"""What `omp data check` prints: faults in words, months in characters."""

from typing import Any

from omp.cli.readiness_picture import calendar_lines, certificate_lines

FAULT = {
    "rule": "gap",
    "symbol": "BBB",
    "time": "2015-03-02",
    "detail": "2 of 60 sessions have no bar",
    "remedy": "fill them",
    "values": "",
}
CERTIFICATE: dict[str, Any] = {
    "ready": False,
    "faults": [FAULT],
    "accepted": [FAULT | {"rule": "bad_tick", "symbol": "AAA", "values": "low 1.0"}],
    "flags": [FAULT | {"rule": "survivorship", "symbol": "*", "time": ""}],
    "unknown": {"off_calendar": "the calendar does not reach"},
    "counts": {"gap": 2, "bars": 120},
    "severity": {"gap": "fault", "bad_tick": "fault", "shadow": "flag"},
    "flagged_months": {
        "AAA": {"2015-02": {"bad_tick": 1}, "2015-01": {"shadow": 1}},
        "BBB": {"2015-03": {"gap": 2}},
    },
}
CALENDAR = {
    "first_month": "2015-01",
    "months": 4,
    "symbols": {
        "AAA": {"start": 0, "sessions": [20, 19, 22, 21], "missing": [0, 0, 0, 12]},
        "BBB": {"start": 2, "sessions": [22, 21], "missing": [2, 0]},
        "CCC": {"start": 1, "sessions": [19], "missing": [3]},
    },
}


def test_faults_accepted_flags_and_unknown_are_all_named() -> None:
    lines = certificate_lines(CERTIFICATE)
    assert lines[0] == ("- gap BBB 2015-03-02: 2 of 60 sessions have no bar. What to do: fill them")
    assert lines[1] == "- off_calendar: unknown: the calendar does not reach"
    assert "- bad_tick AAA 2015-03-02: 2 of 60 sessions have no bar (low 1.0)" in lines[3]
    assert "- survivorship *:" in lines[5]
    assert lines[-1] == "counts: gap 2, bars 120"


def test_each_month_is_one_character_and_the_worst_symbol_comes_first() -> None:
    _, title, years, *rows = calendar_lines(CALENDAR, CERTIFICATE)
    assert title.startswith("calendar, 2015-01 to 2015-04, 1 month a character")
    assert years.split() == ["2015"]
    assert rows == ["BBB    x.", "AAA  fa.9", "CCC   3"]


def test_a_long_history_is_narrowed_and_keeps_its_worst() -> None:
    missing = [0] * 300
    missing[200] = 1
    long = {
        "first_month": "1998-01",
        "months": 300,
        "symbols": {"AAA": {"start": 0, "sessions": [20] * 300, "missing": missing}},
    }
    _, title, _, row = calendar_lines(long, {})
    assert "4 months a character" in title
    assert row == "AAA  " + "." * 50 + "1" + "." * 24


def test_without_a_count_nothing_is_drawn() -> None:
    assert calendar_lines(None, CERTIFICATE) == []
    assert calendar_lines({"months": 3}, CERTIFICATE) == []
