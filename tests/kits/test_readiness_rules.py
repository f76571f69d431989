"""The kit every rule of readiness passes: it says yes, it alone says no, and it says what to do.

A rule of another distribution (entry point `omp.readiness`) needs a case of its own in
`readiness_cases.py` before it passes.
"""

import pytest
from tests.kits.readiness_cases import CASES, NOW, Case, clean

from omp.domain.errors import DataNotReady, InvalidInput
from omp.market.certificate import FAULT, Certificate
from omp.market.readiness import ACCEPTABLE, RULES, judge
from omp.market.venues import venue


def asked(case: Case, *, faulty: bool, accept: tuple[str, ...] = ()) -> Certificate:
    table, known, now_ns = clean(case), case.clean, NOW
    if faulty:
        table, known, now_ns = case.plant(table), case.known or case.clean, case.now_ns
    place = venue("synthetic")
    return judge(table, place, case.timeframe, now_ns=now_ns, known=known, accept=accept)


def named(certificate: Certificate) -> set[str]:
    return {one.rule for one in (*certificate.faults, *certificate.flags)}


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("rule", list(RULES))
def test_it_says_yes_to_clean_data(rule: str) -> None:
    certificate = asked(CASES[rule], faulty=False)
    assert certificate.ready is True
    assert named(certificate) == set()


@pytest.mark.parametrize("rule", list(RULES))
def test_it_alone_names_the_least_that_is_wrong(rule: str) -> None:
    certificate = asked(CASES[rule], faulty=True)
    assert named(certificate) - {CASES[rule].beside} == {rule}
    is_fault = RULES[rule].severity == FAULT
    assert certificate.ready is not is_fault
    if is_fault:
        with pytest.raises(DataNotReady, match=f"{rule}: ") as refused:
            certificate.require("mine")
        assert refused.value.exit_code == 3


@pytest.mark.parametrize("rule", list(RULES))
def test_its_words_name_the_symbol_the_time_and_what_to_do(rule: str) -> None:
    case = CASES[rule]
    certificate = asked(case, faulty=True)
    found = [one for one in (*certificate.faults, *certificate.flags) if one.rule == rule]
    assert case.symbol in {one.symbol for one in found}
    for one in found:
        assert bool(one.time) is case.has_time
        assert one.detail
        assert one.remedy
        assert str(one).startswith(f"{rule}: {one.symbol}")


@pytest.mark.parametrize("rule", list(RULES))
def test_it_can_be_accepted_only_where_it_may_be_true(rule: str) -> None:
    case = CASES[rule]
    if rule not in ACCEPTABLE:
        with pytest.raises(InvalidInput, match=rule):
            asked(case, faulty=True, accept=(rule,))
        return
    certificate = asked(case, faulty=True, accept=(rule,))
    assert certificate.ready is True
    assert {one.rule for one in certificate.accepted} == {rule}


@pytest.mark.parametrize("rule", [name for name, one in RULES.items() if one.needs_calendar])
def test_without_a_calendar_it_has_no_answer_and_that_is_a_no(rule: str) -> None:
    case = CASES[rule]
    late = clean(case)["timestamp"] + 190 * 365 * 86_400 * 10**9
    beyond = clean(case).with_columns(timestamp=late)
    certificate = judge(beyond, venue("us"), case.timeframe, now_ns=2**62, known=case.clean)
    assert rule in certificate.unknown
    assert certificate.ready is not True
