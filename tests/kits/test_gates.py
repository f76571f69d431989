"""The kit every gate passes: pure, monotone, honest about what it does not know."""

import copy
import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from tests.kits.gate_cases import FAILS, MEASURES, good_case

from omp.config.gate_bars import GATES, default_gates
from omp.domain.verdict import Outcome
from omp.gates.base import Gate
from omp.gates.case import Case
from omp.gates.panel import gates, judge
from omp.shelf import shelf

ALL: tuple[Gate, ...] = gates(default_gates())
ORDER = (Outcome.REJECT, Outcome.RESEARCH, Outcome.WAIT, Outcome.PASS)

MAY_BE_ABSENT = {
    "look_refusal",  # there is none when a look was granted
    "look.min_track_record_bars",  # not defined where the Sharpe ratio is not positive
    "look.circular_shift_p",  # a diagnostic, never a gate
    "run.sr_variance_trials",  # shown beside the null variance, never used
    "run.pbo.median_logit",  # shown, never used
    "subject.profit_factor",  # infinite where nothing was lost; shown, never used
}
"""Paths of numbers that no gate needs, each with its reason; every other one is needed by one."""


@pytest.mark.parametrize("gate", ALL, ids=lambda gate: gate.name)
class TestEveryGate:
    def test_knows_nothing_of_an_empty_case(self, gate: Gate) -> None:
        verdict = gate.judge(Case(gates=default_gates()))
        assert verdict.outcome is Outcome.UNKNOWN
        assert verdict.value is None

    def test_knows_nothing_without_its_bars(self, gate: Gate) -> None:
        bars = {name: one for name, one in default_gates().items() if name != gate.name}
        assert gate.judge(good_case(gates=bars)).outcome is Outcome.UNKNOWN

    def test_a_missing_value_or_bar_is_unknown(self, gate: Gate) -> None:
        bars = default_gates()[gate.name]
        assert gate.outcome(None, bars, 0.5) is Outcome.UNKNOWN
        assert gate.outcome(0.5, bars, None) is Outcome.UNKNOWN

    def test_is_pure(self, gate: Gate) -> None:
        case = good_case()
        before = copy.deepcopy(case)
        assert gate.judge(case) == gate.judge(case)
        assert case == before

    def test_passes_a_case_without_fault(self, gate: Gate) -> None:
        assert gate.judge(good_case()).outcome is Outcome.PASS

    def test_says_itself_which_side_is_better(self, gate: Gate) -> None:
        assert gate.better in ("higher", "lower")
        assert gate.better == GATES[gate.name].better or GATES[gate.name].bars.promote is None
        assert gate.panel in (1, 2)

    def test_speaks_in_sentences(self, gate: Gate) -> None:
        for case in (good_case(), Case(gates=default_gates())):
            sentence = gate.judge(case).sentence
            assert sentence[0].isupper() or sentence[0].isdigit()
            assert len(sentence.split()) >= 5
            assert "None" not in sentence
            assert "nan" not in sentence.split()

    def test_has_a_case_that_fails_it(self, gate: Gate) -> None:
        assert any(name == gate.name for name, _, _ in FAILS)


@pytest.mark.parametrize(
    ("name", "build"),
    [(name, build) for name, _, build in FAILS],
    ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(FAILS)],
)
def test_what_did_not_pass_lies_on_the_bad_side_of_its_bar(name: str, build: Any) -> None:
    """A refusal by a second condition carries that condition's measure, not the first one's."""
    gate: Gate = shelf("omp.gates", "GATE")[name]
    verdict = gate.judge(build())
    assert verdict.outcome is not Outcome.PASS
    if verdict.distance is not None:
        assert verdict.distance <= 0.0 if gate.strict else verdict.distance < 0.0, verdict


@pytest.mark.parametrize(
    ("name", "build", "values"), MEASURES, ids=[name for name, _, _ in MEASURES]
)
def test_is_monotone_in_its_measure(name: str, build: Any, values: tuple[float, ...]) -> None:
    gate: Gate = shelf("omp.gates", "GATE")[name]
    answers = [ORDER.index(gate.judge(build(value)).outcome) for value in values]
    assert answers == sorted(answers, reverse=gate.better == "lower")
    assert len(set(answers)) > 1, "the values chosen never reach a bar"


def _absences(case: Case) -> Iterator[tuple[str, Case]]:
    """The good case once for each field, with that field absent, NaN, or an empty list."""
    for name in ("run", "subject", "look", "grant", "ledger", "files", "hall", "review_policy"):
        yield name, replace(case, **_subject(name, None))
    for part in ("run", "subject", "look"):
        document = getattr(case, part)
        for path, changed in _without(document, part):
            yield path, replace(case, **_subject(part, changed))


def _subject(part: str, value: Any) -> dict[str, Any]:
    return {"subject": value, "selection": value} if part == "subject" else {part: value}


def _without(document: Any, path: str) -> Iterator[tuple[str, Any]]:
    for one in fields(document):
        value = getattr(document, one.name)
        where = f"{path}.{one.name}"
        if is_dataclass(value) and not isinstance(value, type):
            for inner, changed in _without(value, where):
                yield inner, replace(document, **{one.name: changed})
        if str(one.type).endswith("| None"):
            yield where, replace(document, **{one.name: None})
            if isinstance(value, float):
                yield where, replace(document, **{one.name: math.nan})
                yield where, replace(document, **{one.name: math.inf})
        if one.name == "folds_sharpe_x":
            yield where, replace(document, folds_sharpe_x=[*value[:-1], None])
        if one.name in ("stress", "artifacts", "folds_sharpe_x"):
            yield where, replace(document, **{one.name: type(value)()})


_ABSENT = list(_absences(good_case()))


@pytest.mark.parametrize(
    ("path", "case"), _ABSENT, ids=[f"{path}-{i}" for i, (path, _) in enumerate(_ABSENT)]
)
def test_no_gate_is_passed_by_an_absent_value(path: str, case: Case) -> None:
    verdicts = judge(case, 1) + judge(case, 2)
    passed = all(one.outcome is Outcome.PASS for one in verdicts)
    assert passed == (path in MAY_BE_ABSENT), path


def test_the_absences_cover_the_evidence() -> None:
    assert len(_ABSENT) > 60
    assert MAY_BE_ABSENT - {"look_refusal"} <= {path for path, _ in _ABSENT}


def test_every_mandatory_scenario_is_needed() -> None:
    case = good_case()
    assert case.subject is not None
    for name in ("costs_x2", "delay_one_bar"):
        stress = [
            replace(one, passed=None) if one.scenario == name else one
            for one in case.subject.stress
        ]
        verdicts = judge(replace(case, subject=replace(case.subject, stress=stress)), 1)
        assert {one.gate for one in verdicts if one.outcome is not Outcome.PASS} == {"stress"}
