"""The sentinel: what it draws, what it compares, and that nothing different passes it."""

import json
import os
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from omp.domain.errors import Diverged
from omp.domain.failpoints import VARIABLE
from omp.engine.evaluation import Evaluation
from omp.mining import recheck as rechecking
from omp.mining.recheck import recheck
from omp.mining.search import Search
from omp.mining.sentinel import FIELDS, Sentinel, bits, difference, drawn, other_workers
from omp.wire.charges import read_charges
from omp.wire.rundir import read_manifest

from .conftest import World

N_BLOCKS = 16


def test_the_draw_follows_from_seed_and_generation_alone() -> None:
    assert drawn(7, 3, 2000).tolist() == drawn(7, 3, 2000).tolist()
    assert drawn(7, 3, 2000).tolist() != drawn(7, 4, 2000).tolist()
    assert drawn(7, 3, 2000).tolist() != drawn(8, 3, 2000).tolist()


@pytest.mark.parametrize(("genomes", "again"), [(1, 1), (60, 1), (100, 1), (101, 2), (2000, 20)])
def test_one_in_a_hundred_and_at_least_one(genomes: int, again: int) -> None:
    rows = drawn(1, 0, genomes)
    assert len(set(rows.tolist())) == again
    assert 0 <= rows.min() <= rows.max() < genomes


def test_every_array_with_a_row_per_genome_is_compared() -> None:
    shared = {"n_bars", "block_lengths"}
    assert set(FIELDS) == {one.name for one in fields(Evaluation)} - shared


def evaluated(world: World) -> tuple[Search, Evaluation]:
    world.mine("run_a")
    search = Search(world.open("run_a").plan)
    return search, search.evaluator.evaluate(search.ask().take(np.arange(5)))


def test_one_bit_of_any_field_is_a_difference(world: World) -> None:
    _, first = evaluated(world)
    assert difference(bits(first), bits(first), N_BLOCKS) is None
    for name in FIELDS:
        changed = np.array(getattr(first, name))
        changed.reshape(5, -1).view(np.uint8)[3, -1] ^= 1
        found = difference(bits(first), bits(replace(first, **{name: changed})), N_BLOCKS)
        assert found is not None
        assert (found.row, found.field) == (3, name)
        assert found.first != found.second


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_sound_search_passes_and_is_counted(world: World, workers: int) -> None:
    world.mine("run_a")
    plan = replace(world.open("run_a").plan, workers=workers)
    assert other_workers(workers) != workers
    search, sentinel, owed = Search(plan), Sentinel(plan), 0
    while not search.finished:
        population = search.ask()
        owed += drawn(plan.seed, search.generation, len(population)).size
        search.advance(population, inspect=sentinel.inspect)
    sentinel.settle()
    assert sentinel.checked == owed > 0


def test_what_waits_is_taken_up_again_and_a_changed_bit_found(world: World) -> None:
    world.mine("run_a")
    plan = world.open("run_a").plan
    search, sentinel = Search(plan), Sentinel(plan)
    search.advance(search.ask(), inspect=sentinel.inspect)
    head, arrays = sentinel.state()
    assert head == {"checked": 0, "waiting": 1}
    again = Sentinel(plan)
    again.take_up(search.codebook, head, arrays)
    again.settle()
    assert again.checked == 20
    wrong = {**arrays, "first": arrays["first"].copy()}
    wrong["first"][7, 0] ^= 1
    again.take_up(search.codebook, head, wrong)
    with pytest.raises(Diverged, match="behaviour is not the same bits") as told:
        again.settle()
    assert told.value.facts["generation"] == 0
    assert told.value.facts["first"] != told.value.facts["second"]


def test_a_run_counts_what_was_computed_again(world: World) -> None:
    out = world.mine("run_a", workers=2)
    counts = read_manifest(out / "manifest.json").counts
    owed = read_charges(out / "charges.ndjson").owed
    assert counts["rechecked"] == sum(drawn(1, one.generation, one.genomes).size for one in owed)
    assert counts["diverged"] == 0
    assert world.events[-1]["rechecked"] == counts["rechecked"]


def test_a_planted_divergence_ends_the_run_for_good(world: World) -> None:
    command = [
        sys.executable, "-m", "omp.cli.combiner", "factory", "run", "--campaign",
        str(world.campaign()), "--run-id", "run_a", "--workspace", str(world.workspace.root),
    ]  # fmt: skip
    sound = {name: value for name, value in os.environ.items() if name != VARIABLE}
    planted = {**sound, VARIABLE: "sentinel.diverge"}
    done = subprocess.run(command, capture_output=True, text=True, env=planted)
    assert done.returncode == Diverged.exit_code
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["event"] for one in told[-2:]] == ["divergence", "error"]
    assert told[-2]["field"] == "sharpe_x"
    assert told[-2]["first"] != told[-2]["second"]
    assert len(told[-2]["genome"]) == 32
    assert done.stderr.count("\n") == 1
    assert "two results" in done.stderr
    out = world.workspace.run("run_a")
    assert json.loads((out / "divergence.json").read_text())["field"] == "sharpe_x"
    assert not (out / "manifest.json").exists()
    again = subprocess.run([*command, "--resume"], capture_output=True, text=True, env=sound)
    assert again.returncode == Diverged.exit_code
    assert "earlier attempt" in again.stderr


def measured(world: World, count: int) -> tuple[str, list[str]]:
    """A subject of a finished run, and its members."""
    from omp.mining.evidence import measure_ensemble

    opened = world.open("run_a")
    names = [one.candidate_id for one in opened.best(count)]
    return measure_ensemble(opened, names)[0], names


@pytest.mark.parametrize("count", [1, 2])
def test_a_subject_computed_again_is_the_same(done: World, count: int) -> None:
    subject, names = measured(done, count)
    found = recheck(done.open("run_a"), subject, names)
    kept = done.workspace.run("run_a") / "hall_of_fame" / subject / "evidence.json"
    assert found["workers"] == [1, 2]
    assert kept.is_file()


def test_a_subject_whose_evidence_differs_is_a_divergence(
    done: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject, names = measured(done, 2)
    monkeypatch.setattr(rechecking, "planted", lambda name: name == "recheck.diverge")
    with pytest.raises(Diverged, match=r"evidence\.json is not the same bits"):
        recheck(done.open("run_a"), subject, names)


def test_a_member_whose_row_differs_is_a_divergence(done: World) -> None:
    subject, names = measured(done, 1)
    opened = done.open("run_a")
    row = opened.row(names[0])
    nearly = float(np.nextafter(row.sharpe, 9.0))
    opened.rows[opened.rows.index(row)] = replace(row, sharpe=nearly)
    with pytest.raises(Diverged, match="sharpe is not the same bits"):
        recheck(opened, subject, names)


@pytest.mark.parametrize(("fault", "code"), [("", 0), ("recheck.diverge", Diverged.exit_code)])
def test_the_child_says_whether_a_subject_came_out_the_same(
    done: World, fault: str, code: int
) -> None:
    subject, names = measured(done, 2)
    command = [
        sys.executable, "-m", "omp.cli.combiner", "factory", "recheck", "--run", "run_a",
        "--candidate", subject, "--members", ",".join(names),
        "--workspace", str(done.workspace.root),
    ]  # fmt: skip
    environment = {**os.environ, VARIABLE: fault}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ended.returncode == code, ended.stderr
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    if not fault:
        assert (told[-1]["event"], told[-1]["candidate_id"]) == ("result", subject)
        return
    assert [one["event"] for one in told[-2:]] == ["divergence", "error"]
    assert told[-1]["facts"]["field"] == told[-2]["field"] == "evidence.json"
