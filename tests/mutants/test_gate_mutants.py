"""Each way of letting noise in that is known to us, planted in the code: the suite must notice.

A mutant is one line of the product changed, in a copy. The named tests pass on the product and must
fail on the copy; a mutant that survives is a hole in the suite, and its name says which.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import omp

PACKAGE = Path(next(iter(omp.__path__)))
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutant:
    """One change for the worse.

    Args:
        name: What it lets happen.
        file: Where, below `src/omp`.
        old, new: The text, which stands there exactly once, and what replaces it.
        tests: Which tests must notice.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


NUMBERS = "tests/unit/mining/test_evidence_numbers.py"
LIKENESS = "tests/unit/mining/test_likeness.py"
PROMOTION = "tests/unit/ops/test_promotion.py"
OVERFITTING = "tests/unit/stats/test_overfitting.py"
LEDGER = "tests/unit/ops/test_ledger.py"
JOINED = "tests/unit/ops/test_lineages_joined.py"

MUTANTS = (
    Mutant(
        "N counts the last generation alone",
        "mining/stage_b.py",
        "court_of(result.plan, result.counts.distinct)",
        "court_of(result.plan, int((result.trials.generation > 0).sum()))",
        (f"{NUMBERS}::test_n_is_every_distinct_trial_of_the_run",),
    ),
    Mutant(
        "N counts the exported hundred",
        "mining/stage_b.py",
        "court_of(result.plan, result.counts.distinct)",
        "court_of(result.plan, len(result.exported))",
        (f"{NUMBERS}::test_n_is_every_distinct_trial_of_the_run",),
    ),
    Mutant(
        "V is taken from the elite, which lie close together",
        "mining/measure.py",
        "null_variance = 1.0 / (m.n - 1)",
        "null_variance = 0.05 / (m.n - 1)",
        (f"{NUMBERS}::test_the_deflation_is_by_the_variance_of_the_null",),
    ),
    Mutant(
        "PBO is taken over the top hundred",
        "mining/run_evidence.py",
        "first = trials.generation == 0",
        "first = np.argsort(np.argsort(-trials.block_sum.sum(axis=1))) < 100",
        (f"{NUMBERS}::test_pbo_is_that_of_generation_0_and_of_all_of_it",),
    ),
    Mutant(
        "PBO is taken over bred trials too",
        "mining/run_evidence.py",
        "first = trials.generation == 0",
        "first = trials.generation >= 0",
        (f"{NUMBERS}::test_pbo_is_that_of_generation_0_and_of_all_of_it",),
    ),
    Mutant(
        "a flat column passes PBO",
        "stats/overfitting.py",
        "rank[flat] = 1\n",
        "rank[flat] = n_trials\n",
        (f"{OVERFITTING}::test_a_rule_that_never_trades_cannot_make_it_a_pass",),
    ),
    Mutant(
        "drift counts as skill",
        "mining/streams.py",
        "self.returns - self.position * cash - held[None, :] * self.over",
        "self.returns - self.position * cash - 0.0 * held[None, :] * self.over",
        (f"{NUMBERS}::test_holding_the_market_is_no_skill",),
    ),
    Mutant(
        "a look is not recorded",
        "ops/looks.py",
        "        _write(tx, look, kept)\n",
        "",
        (f"{PROMOTION}::test_a_look_that_fails_is_spent",),
    ),
    Mutant(
        "every look is granted the level of the first",
        "domain/holdout.py",
        "base = alpha * weight(k)",
        "base = alpha * weight(1)",
        (f"{LEDGER}::test_a_windows_budget_goes_down_look_by_look",),
    ),
    Mutant(
        "a snapshot imported again starts with a fresh budget",
        "ops/ledger.py",
        "for one in look_rows.of_lineages(tx, members)",
        "for one in look_rows.of_lineages(tx, (lineage,))",
        (f"{LEDGER}::test_joined_lineages_share_their_looks",),
    ),
    Mutant(
        "the same bars under another file's name start with a fresh budget",
        "ops/data_lineage.py",
        "shared = {grown.id, *shared_lineages(manifest)}",
        "shared = {grown.id}",
        (f"{JOINED}::test_the_same_bars_under_another_name_begin_no_new_budget",),
    ),
    Mutant(
        "an opened window goes back onto bars that were looked at",
        "domain/boundary.py",
        "return max(opened) if opened else min(at for at, _ in cuts)",
        "return min(at for at, _ in cuts)",
        (f"{JOINED}::test_a_late_snapshot_does_not_move_an_opened_window_back",),
    ),
    Mutant(
        "a twin of an earlier subject is looked at again",
        "ops/eligibility.py",
        "if twin >= rules.twin_correlation:",
        "if twin > 2.0:",
        (f"{PROMOTION}::test_a_second_look_is_granted_to_records_that_are_no_twins",),
    ),
    Mutant(
        "three common bars make a likeness",
        "ops/eligibility.py",
        "if shared < MIN_COMMON:",
        "if shared < 3:",
        (f"{PROMOTION}::test_a_likeness_on_too_few_bars_gets_no_look",),
    ),
    Mutant(
        "the same rule mined on other years is another",
        "mining/evidence.py",
        "beside = likeness_bench(opened.plan, court.bench)",
        "beside = court.bench",
        (f"{LIKENESS}::test_the_same_rule_mined_on_other_years_is_measured",),
    ),
    Mutant(
        "missing evidence passes",
        "gates/base.py",
        "return Answer(sentence, outcome=Outcome.UNKNOWN)",
        "return Answer(sentence, outcome=Outcome.PASS)",
        ("tests/kits/test_gates.py",),
    ),
    Mutant(
        "a value that is not known passes",
        "gates/base.py",
        "            return Outcome.UNKNOWN\n",
        "            return Outcome.PASS\n",
        ("tests/kits/test_gates.py",),
    ),
)


def overlay(mutant: Mutant, folder: Path) -> Path:
    """The package with one file changed; all else are links, so that compiled code is found."""
    target = folder / "omp"
    at = PACKAGE
    here = target
    here.mkdir(parents=True)
    for part in Path(mutant.file).parts:
        for one in at.iterdir():
            if one.name not in {part, "__pycache__"}:
                (here / one.name).symlink_to(one)
        at, here = at / part, here / part
        if at.is_dir():
            here.mkdir()
    text = at.read_text(encoding="utf-8")
    here.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return folder


def run_tests(names: tuple[str, ...], source: Path | None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTEST_ADDOPTS": ""}
    if source is not None:
        environment["PYTHONPATH"] = str(source)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:schemathesis", *names]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_named_tests_pass_on_the_product() -> None:
    names = tuple(sorted({name for one in MUTANTS for name in one.tests}))
    done = run_tests(names, None)
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    done = run_tests(mutant.tests, overlay(mutant, tmp_path))
    shutil.rmtree(tmp_path / "omp")
    assert done.returncode == 1, f"{mutant.name}: nobody noticed\n{done.stdout[-2000:]}"
    assert " failed" in done.stdout
