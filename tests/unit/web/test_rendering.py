"""How values are written: units, minus signs, never a bare None, never a bare HTML."""

import math

import pytest

from omp.domain.events import KINDS
from omp.store.journal import Record
from omp.web import phrases
from omp.web.rendering import (
    TEMPLATES,
    card_body,
    count,
    duration,
    figure,
    instant,
    number,
    percent,
    probability,
)


@pytest.mark.parametrize("write", [number, count, percent, probability, duration, figure, instant])
@pytest.mark.parametrize("value", [None, math.nan, math.inf, "x"])
def test_what_is_unknown_is_a_dash(write: object, value: object) -> None:
    assert str(write(value)) in ("\N{EN DASH}", "&ndash;")  # type: ignore[operator]


def test_numbers_carry_a_true_minus_sign() -> None:
    assert number(-1.234) == "\N{MINUS SIGN}1.23"
    assert count(1234567) == "1,234,567"
    assert percent(0.2599) == "26.0 %"


def test_small_levels_are_not_rounded_to_nothing() -> None:
    assert probability(6.8e-9) == "6.8e-09"
    assert probability(0.030396) == "0.0304"
    assert probability(0) == "0"


def test_a_figure_has_four_digits_of_any_size() -> None:
    assert figure(0.168521) == "0.1685"
    assert figure(0.0018651) == "0.001865"
    assert figure(13.0) == "13"
    assert figure(31.47123) == "31.47"
    assert figure(1e-6) == "1.0e\N{MINUS SIGN}06"


def test_durations_read_as_a_person_says_them() -> None:
    assert duration(59) == "59 s"
    assert duration(192) == "3 min 12 s"
    assert duration(7300) == "2 h 1 min"
    assert duration(200_000) == "2 d 7 h"


def test_an_instant_is_a_time_element_in_utc() -> None:
    assert 'datetime="2026-03-02T09:00:00+00:00"' in instant("2026-03-02T10:00:00+01:00")


def test_names_are_escaped() -> None:
    text = TEMPLATES.from_string("{{ name }} {{ body | attribute }}").render(
        name="<script>alert(1)</script>", body={"x": "'\"<"}
    )
    assert "<script>" not in text
    assert '"' not in text.split(" ", 1)[1]


def test_a_card_begins_with_a_first_heading() -> None:
    body = card_body("## Title\n### Part\n<b>x</b>\n")
    assert body.startswith("<h1>Title</h1>")
    assert "<h2>Part</h2>" in body
    assert "<b>" not in body


@pytest.mark.parametrize("kind", KINDS)
def test_every_journal_record_has_a_sentence(kind: str) -> None:
    record = Record(1, "2026-03-02T09:00:00Z", kind, "ada", "run_1", {}, "", "")
    told = phrases.sentence(record)
    assert told
    assert "None" not in told.replace("None of", "")


def test_every_page_is_compiled_at_the_start() -> None:
    assert TEMPLATES.cache is not None
    compiled = {name for _, name in TEMPLATES.cache.keys()}  # noqa: SIM118 - it has no __iter__
    assert compiled >= set(TEMPLATES.list_templates())
    assert not TEMPLATES.auto_reload
