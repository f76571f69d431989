"""Each gate has a case that fails it alone and one that passes; the panel asks all, in order."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.kits.gate_cases import FAILS, PASSES_SIGNED, candidate, good_case, run_evidence

from omp.config.gate_bars import GateBars, default_gates
from omp.domain.errors import InvalidConfiguration
from omp.domain.verdict import Outcome, worst
from omp.gates.base import keeps
from omp.gates.case import Case
from omp.gates.panel import first_failed, gate_set, gates, judge


@pytest.mark.parametrize(
    ("name", "outcome", "build"), FAILS, ids=[f"{f[0]}-{i}" for i, f in enumerate(FAILS)]
)
def test_fails_one_gate_alone(name: str, outcome: Outcome, build: Callable[[], Case]) -> None:
    verdicts = judge(build(), 1) + judge(build(), 2)
    failed = {one.gate: one.outcome for one in verdicts if one.outcome is not Outcome.PASS}
    assert failed == {name: outcome}
    assert worst(verdicts) is outcome


@pytest.mark.parametrize("build", PASSES_SIGNED)
def test_a_signature_lets_it_pass(build: Callable[[], Case]) -> None:
    assert worst(judge(build(), 1)) is Outcome.PASS
    assert worst(judge(build(), 2)) is Outcome.PASS


def test_a_later_signature_counts() -> None:
    declined = next(
        build() for name, outcome, build in FAILS if name == "review" and outcome is Outcome.REJECT
    )
    signed = replace(declined.signatures[0], decision="signed")
    case = replace(declined, signatures=(*declined.signatures, signed))
    assert worst(judge(case, 2)) is Outcome.PASS


def test_the_order_is_the_configurations() -> None:
    backwards = dict(reversed(default_gates().items()))
    names = [one.gate for one in judge(good_case(gates=backwards), 1)]
    assert names == [one.name for one in gates(tuple(backwards), 1)]
    assert names[0] == "lookahead"


def test_a_forgotten_gate_is_refused() -> None:
    bars = {name: one for name, one in default_gates().items() if name != "dsr"}
    with pytest.raises(InvalidConfiguration, match="dsr"):
        judge(good_case(gates=bars), 1)


def test_an_unknown_gate_is_refused() -> None:
    with pytest.raises(InvalidConfiguration, match="astrology"):
        gates((*default_gates(), "astrology"))


def test_the_ensemble_answers_with_the_champions_dsr() -> None:
    ensemble = candidate(
        "ens_one",
        kind="ensemble",
        members=["a", "b"],
        weights=[0.5, 0.5],
        dsr=None,
        luck_sharpe_x_annual=None,
    )
    case = good_case(subject=ensemble, selection=candidate(dsr=0.39))
    first = judge(case, 1)
    assert {one.gate for one in first if one.outcome is not Outcome.PASS} == {"dsr"}
    assert "the run's best rule" in next(one for one in first if one.gate == "dsr").sentence
    passing = replace(case, selection=candidate(dsr=0.41))
    assert worst(judge(passing, 1)) is Outcome.PASS


def test_the_dsr_sentence_names_the_luck_line() -> None:
    weak = candidate(dsr=0.07, sharpe_x_annual=1.21, luck_sharpe_x_annual=1.43)
    verdict = next(
        one for one in judge(good_case(subject=weak, selection=weak), 1) if one.gate == "dsr"
    )
    assert verdict.sentence == (
        "In-sample this rule earned a Sharpe ratio of 1.21 a year beyond its market, but a search "
        "of 21,443 distinct rules on noise alone would be expected to reach 1.43; deflated Sharpe "
        "probability 0.07, the bar is 0.40"
    )
    assert verdict.distance == pytest.approx(-0.33)


def test_a_wait_is_named_last() -> None:
    case = good_case(
        review_policy="manual", run=run_evidence(pbo=replace(run_evidence().pbo, value=0.3))
    )
    verdicts = judge(case, 1) + judge(case, 2)
    failed = first_failed(verdicts)
    assert failed is not None
    assert failed.gate == "pbo"
    waiting = first_failed(judge(good_case(review_policy="manual"), 2))
    assert waiting is not None
    assert waiting.gate == "review"
    assert first_failed(judge(good_case(), 1)) is None


def test_the_keep_bar_is_asked_for_entries() -> None:
    pbo = gates(default_gates())[2]
    assert pbo.name == "pbo"
    assert keeps(pbo, 0.29, default_gates()["pbo"]) is True
    assert keeps(pbo, 0.31, default_gates()["pbo"]) is False
    assert keeps(pbo, None, default_gates()["pbo"]) is None
    assert keeps(pbo, 0.1, GateBars()) is None


def test_the_gate_set_names_bars_and_policy() -> None:
    bars = default_gates()
    changed = {**bars, "dsr": replace(bars["dsr"], promote=0.41)}
    names = {gate_set(bars, "auto"), gate_set(bars, "manual"), gate_set(changed, "auto")}
    assert len(names) == 3
    assert gate_set(default_gates(), "auto") in names
