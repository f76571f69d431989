"""Values and tables for people."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omp.cli import printing
from omp.cli.printing import clean, instant, number, plain, record, seconds, share, table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        ("", "-"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (1.23456, "1.235"),
        (["a", 1], "a, 1"),
        ([], "-"),
        ({"a": 1}, "a 1"),
        ("a\x1b[2Jb", "a?[2Jb"),
    ],
)
def test_a_value_in_words(value, text: str) -> None:
    assert plain(value) == text


@given(st.text())
def test_no_text_can_move_the_cursor(text: str) -> None:
    assert all(one.isprintable() for one in clean(text))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (3.4, "3 s"),
        (65, "1 min 05 s"),
        (3700, "1 h 01 min"),
        (90000, "1 d 1 h"),
        (-5, "0 s"),
    ],
)
def test_durations(value, text: str) -> None:
    assert seconds(value) == text


def test_instants_are_utc_to_the_second() -> None:
    assert instant("2026-01-02T03:04:05.678901Z") == "2026-01-02 03:04:05"
    assert instant("2026-01-02T03:04:05+02:00") == "2026-01-02 01:04:05"
    assert instant(None) == "-"
    assert instant("soon\n") == "soon?"


def test_numbers_and_shares() -> None:
    assert number(2)(1.005) == "1.00"
    assert number(0)(None) == "-"
    assert share(0.123) == "12.3 %"


def test_columns_are_aligned() -> None:
    rows = [{"a": "x", "b": 1}, {"a": "longer", "b": None}]
    assert table(rows, (("a", "NAME"), ("b", "COUNT"))) == [
        "NAME    COUNT",
        "x       1",
        "longer  -",
    ]
    assert table([], (("a", "NAME"),), empty="none") == ["none"]


def test_a_record_has_a_line_a_key() -> None:
    assert record({"a": 1, "long": None}) == ["a     1", "long  -"]


def test_colour_is_for_terminals_and_never_against_no_color(monkeypatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    rows = [{"state": "failed"}]
    assert "\x1b[31mfailed" in table(rows, (("state", "STATE"),))[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert table(rows, (("state", "STATE"),))[1] == "failed"
    assert not printing.has_colour()
