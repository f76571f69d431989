"""Names, levels, verdicts, canaries, errors."""

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from omp.domain import errors
from omp.domain.canary import SequentialTest
from omp.domain.errors import Fault, InvalidConfiguration, InvalidInput, OmpError
from omp.domain.holdout import level, spent
from omp.domain.ids import PREFIXES, candidate_id, check_id, new_id
from omp.domain.verdict import Outcome, Verdict, worst


def every_error(kind: type[OmpError] = OmpError) -> list[type[OmpError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in every_error(child))]


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = set(re.findall(r"(?:├──|└──|^ {4})\s?(\w+)", errors.__doc__ or "", re.MULTILINE))
    assert {kind.__name__ for kind in every_error()} == drawn | {"OmpError"}


def test_every_error_has_its_own_code_and_a_bad_exit() -> None:
    kinds = every_error()
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(kind.exit_code != 0 for kind in kinds)
    assert all(400 <= kind.http_status <= 599 for kind in kinds)


def test_a_message_says_what_is_allowed_and_what_to_do() -> None:
    error = InvalidInput("priority 11.", allowed="1 to 10", remedy="choose one")
    assert error.sentence == "priority 11. Allowed: 1 to 10. What to do: choose one."
    assert InvalidInput("no").sentence == "no."


def test_a_configuration_error_lists_every_fault() -> None:
    error = InvalidConfiguration("x.toml", faults=(Fault("a.b", "bad", "good"), Fault("c", "no")))
    assert "a.b: bad (allowed: good); c: no" in error.sentence


def test_names_sort_by_time_and_are_safe() -> None:
    earlier, later = new_id("run", now_s=1e9), new_id("run", now_s=1e9 + 1)
    assert earlier < later
    assert check_id(later, "run") == later
    assert new_id("run") != new_id("run")


@pytest.mark.parametrize("kind", PREFIXES)
def test_every_kind_of_name_is_safe(kind: str) -> None:
    assert check_id(new_id(kind), kind).startswith(PREFIXES[kind])


@given(st.text(max_size=120))
@example("run_1\n")
@example("a/../b")
def test_a_name_is_never_a_path(text: str) -> None:
    try:
        name = check_id(text, "run")
    except InvalidInput:
        return
    assert "/" not in name
    assert ".." not in name
    assert not name.startswith(".")
    assert "\x00" not in name
    assert "\n" not in name


def test_a_candidate_is_called_after_its_genome() -> None:
    assert candidate_id("ab" * 32) == "cand_" + "ab" * 10
    assert candidate_id("ab" * 32, ensemble=True) == "ens_" + "ab" * 10


def test_the_levels_of_looks_are_those_of_the_evidence() -> None:
    found = [level(k, alpha=0.05) for k in range(1, 5)]
    assert found == pytest.approx([0.0304, 0.0076, 0.0034, 0.0019], abs=5e-5)


@given(st.integers(1, 2000))
def test_a_window_never_spends_more_than_its_alpha(k: int) -> None:
    assert spent(k, alpha=0.05) < 0.05


@given(st.sets(st.integers(1, 12), max_size=12))
def test_recycling_hands_on_only_what_was_promoted(promoted: set[int]) -> None:
    ordinals = sorted(promoted)
    levels = [level(k, alpha=0.05, spending="recycling", promoted=ordinals) for k in range(1, 14)]
    fixed = [level(k, alpha=0.05) for k in range(1, 14)]
    assert all(a >= b for a, b in zip(levels, fixed, strict=True))
    lost = sum(one for k, one in enumerate(levels, 1) if k not in promoted)
    assert lost <= 0.05 + 1e-12


def test_the_first_look_is_number_one() -> None:
    with pytest.raises(ValueError, match="from 1"):
        level(0, alpha=0.05)


def test_the_canaries_steps_are_those_of_the_evidence() -> None:
    test = SequentialTest()
    assert test.step_clean == pytest.approx(-0.0043, abs=5e-5)
    assert test.step_hit == pytest.approx(1.97, abs=5e-3)
    assert test.bound == pytest.approx(2.94, abs=5e-3)
    assert test.judge(0, 0) == (0.0, "undecided")
    assert test.judge(0, 2)[1] == "alarm"
    assert test.judge(1, 1)[1] == "undecided"
    clean = math.ceil(test.bound / -test.step_clean)
    assert test.judge(clean, 0)[1] == "accept"
    assert test.judge(clean - 1, 0)[1] == "undecided"


def verdict(outcome: Outcome) -> Verdict:
    return Verdict("g", 1, outcome, 1.0, 1.0, "higher", 0.0, "", "because")


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ((), Outcome.UNKNOWN),
        ((Outcome.PASS,), Outcome.PASS),
        ((Outcome.PASS, Outcome.WAIT), Outcome.WAIT),
        ((Outcome.WAIT, Outcome.RESEARCH), Outcome.RESEARCH),
        ((Outcome.RESEARCH, Outcome.UNKNOWN), Outcome.UNKNOWN),
        ((Outcome.UNKNOWN, Outcome.REJECT, Outcome.PASS), Outcome.REJECT),
    ],
)
def test_a_panel_is_as_good_as_its_worst_member(outcomes, expected: Outcome) -> None:
    assert worst(tuple(verdict(one) for one in outcomes)) is expected
