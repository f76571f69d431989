"""Every mutant still changes the product: its text stands in its file, exactly once.

A second's check of all of them, before the minutes that running them takes.
"""

import pytest
from tests.mutants import test_gate_mutants, test_reliability_mutants
from tests.mutants.test_gate_mutants import PACKAGE, Mutant

ALL = test_gate_mutants.MUTANTS + test_reliability_mutants.MUTANTS + test_reliability_mutants.LONG


@pytest.mark.parametrize("mutant", ALL, ids=lambda one: one.name)
def test_its_text_stands_once_in_its_file(mutant: Mutant) -> None:
    text = (PACKAGE / mutant.file).read_text(encoding="utf-8")
    found = text.count(mutant.old)
    assert found == 1, f"{mutant.file} holds {found} times, not once: {mutant.old!r}"


def test_no_two_have_one_name() -> None:
    names = [one.name for one in ALL]
    assert len(set(names)) == len(names)
