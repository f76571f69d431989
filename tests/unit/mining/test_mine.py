"""The run directory: complete, the same for any workers, exact under any interruption."""

import errno
import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omp.domain.errors import (
    Conflict,
    DataNotReady,
    DiskFull,
    Interrupted,
    InvalidConfiguration,
    InvalidInput,
    NotFound,
)
from omp.mining import checkpoints, pen
from omp.mining import mine as story
from omp.mining.plan import FIRST_GENERATION
from omp.wire.charges import read_charges
from omp.wire.container import unseal
from omp.wire.evidence import RunEvidence, read_document
from omp.wire.rundir import CANDIDATE_FILES, changed_files, read_manifest

from .conftest import World

TIMED = {"manifest.json", "charges.ndjson", "events.ndjson"}


def same_content(one: Path, other: Path) -> None:
    """Every file but those that hold instants is the same, byte for byte."""
    names = [
        {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
        for root in (one, other)
    ]
    kept = [{n for n in found if not n.startswith("checkpoint/")} for found in names]
    assert kept[0] == kept[1]
    ours, theirs = read_manifest(one / "manifest.json"), read_manifest(other / "manifest.json")
    for name in kept[0] - TIMED:
        # someone may commit while the tests run: the commit alone may differ then
        expected = (
            (other / name).read_bytes().replace(theirs.git_sha.encode(), ours.git_sha.encode())
        )
        assert (one / name).read_bytes() == expected, name
    assert ours.counts == theirs.counts
    if ours.git_sha == theirs.git_sha:
        assert ours.content_digest == theirs.content_digest


def test_the_directory_is_complete_and_every_file_is_bound(finished: Path) -> None:
    manifest = read_manifest(finished / "manifest.json")
    assert changed_files(finished, manifest.files) == ()
    evidence = read_document(
        RunEvidence, finished / "evidence.json", expected_digest=manifest.files["evidence.json"]
    )
    summary = json.loads((finished / "summary.json").read_bytes())
    assert len(evidence.candidates) == manifest.counts["exported"] == len(summary["candidates"])
    assert [c.candidate_id for c in evidence.candidates] == [
        row["candidate_id"] for row in summary["candidates"]
    ]
    assert len(summary["convergence"]) == 4
    for one in evidence.candidates:
        folder = finished / "hall_of_fame" / one.candidate_id
        assert set(one.artifacts) == set(CANDIDATE_FILES)
        assert {p.name for p in folder.iterdir()} == set(CANDIDATE_FILES)
        assert one.replay is not None
        assert one.replay.trades_equal
        assert one.lookahead is not None
        assert one.lookahead.leaks == 0
        metrics = unseal((folder / "metrics.obfs").read_bytes())
        assert metrics["sharpe_x"] == one.sharpe_x
        assert json.loads((folder / "metrics.json").read_bytes()) == metrics
        assert len(json.loads((folder / "curves.json").read_bytes())["time"]) <= 2000
    assert len(evidence.correlation) == len(evidence.candidates)
    assert evidence.champion == evidence.candidates[0].candidate_id


def test_counts_are_exact_and_charged_before(finished: Path) -> None:
    manifest = read_manifest(finished / "manifest.json")
    tally = read_charges(finished / "charges.ndjson")
    assert tally.owed[0].genomes == FIRST_GENERATION
    assert tally.trials == manifest.counts["distinct"]
    assert tally.genomes == manifest.counts["genomes"]
    for path in finished.rglob("*.parquet"):
        assert pl.read_parquet_metadata(path)["schema_version"] == "1", path
    trials = pl.read_parquet(finished / "trials.parquet")
    assert trials.height == manifest.counts["distinct"] == trials["behaviour_hash"].n_unique()
    candidates = pl.read_parquet(finished / "candidates.parquet")
    assert candidates.height == manifest.counts["candidates"]
    assert candidates["sharpe_x"].min() > 0  # type: ignore[operator]
    assert candidates["sharpe_x"].is_sorted(descending=True)


@pytest.mark.parametrize("workers", [2, 4])
def test_the_number_of_workers_changes_no_byte(world: World, finished: Path, workers: int) -> None:
    same_content(world.mine("run_a", workers=workers), finished)


def test_another_seed_is_another_search(world: World, finished: Path) -> None:
    other = world.mine("run_a", seed=2)
    assert (other / "trials.parquet").read_bytes() != (finished / "trials.parquet").read_bytes()


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_run_that_was_asked_to_stop_goes_on_exactly(
    world: World, finished: Path, after: int
) -> None:
    asked = iter([False] * after + [True] * 1000)
    with pytest.raises(Interrupted):
        world.mine("run_a", is_stopped=lambda: next(asked))
    assert not (world.workspace.run("run_a") / "manifest.json").exists()
    same_content(world.mine("run_a", resume=True), finished)
    assert read_manifest(world.workspace.run("run_a") / "manifest.json").attempts == 1 + (after > 0)


@pytest.mark.parametrize("step", ["charge", "evaluate", "settle", "save"])
def test_a_crash_at_any_step_of_a_generation_costs_nothing(
    world: World, finished: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Stands for kill -9."""

    target: Any = {
        "charge": (story, "charge"),
        "settle": (pen, "settle"),
        "save": (checkpoints, "append_record"),
        "evaluate": (story.Search, "advance"),
    }[step]
    real, calls = getattr(*target), []

    def crash(*args: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise Killed
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(*target, crash)
        with pytest.raises(Killed):
            world.mine("run_a")
    out = world.workspace.run("run_a")
    assert read_charges(out / "charges.ndjson").owed[-1].generation == (
        1 if step == "charge" else 2
    )
    same_content(world.mine("run_a", resume=True), finished)
    tally = read_charges(out / "charges.ndjson")
    assert tally.trials == read_manifest(out / "manifest.json").counts["distinct"]


def test_a_full_disk_keeps_the_last_checkpoint(
    world: World, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = checkpoints.append_record, []

    def full(path: Path, data: bytes) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "append_record", full)
        with pytest.raises(DiskFull) as caught:
            world.mine("run_a")
    assert caught.value.exit_code == 4
    same_content(world.mine("run_a", resume=True), finished)


def test_a_finished_run_says_its_result_again(done: World) -> None:
    before = (done.workspace.run("run_a") / "manifest.json").read_bytes()
    done.mine("run_a", resume=True)
    assert [e["event"] for e in done.events] == ["result"]
    assert (done.workspace.run("run_a") / "manifest.json").read_bytes() == before


def test_an_unfinished_directory_needs_resume(world: World) -> None:
    asked = iter([False] + [True] * 9)
    with pytest.raises(Interrupted):
        world.mine("run_a", is_stopped=lambda: next(asked))
    with pytest.raises(Conflict, match="--resume"):
        world.mine("run_a")


def test_another_configuration_cannot_resume(world: World) -> None:
    asked = iter([False] + [True] * 9)
    with pytest.raises(Interrupted):
        world.mine("run_a", is_stopped=lambda: next(asked))
    with pytest.raises(InvalidInput, match="seed"):
        world.mine("run_a", resume=True, seed=99)


def test_the_time_limit_ends_at_a_generation_and_is_recorded(world: World) -> None:
    out = world.mine("run_a", campaign=world.campaign(generations=5000, max_runtime_s=1))
    manifest = read_manifest(out / "manifest.json")
    assert manifest.ended_by == "max_runtime_s"
    assert 1 <= manifest.counts["generations"] < 5001
    assert manifest.counts["generations"] == len(read_charges(out / "charges.ndjson").owed)


def test_mining_never_opens_the_sealed_part(world: World, finished: Path) -> None:
    shutil.rmtree(world.workspace.sealed)
    same_content(world.mine("run_a"), finished)


def test_data_without_a_certificate_are_not_mined(world: World) -> None:
    (snapshot,) = world.workspace.snapshots.glob("[!.]*/")
    record = json.loads((snapshot / "readiness.json").read_bytes())
    record["ready"] = None
    (snapshot / "readiness.json").write_text(json.dumps(record))
    with pytest.raises(Exception) as caught:
        world.mine("run_a")
    assert getattr(caught.value, "exit_code", 0) in {3, 7}
    assert not (world.workspace.run("run_a") / "charges.ndjson").exists()


def test_faults_are_told_before_a_trial_is_charged(world: World, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('[campaign]\nname = ""\nowner = 3\n[data]\nsource = "small"\n')
    with pytest.raises(InvalidConfiguration) as caught:
        world.mine("run_a", campaign=bad)
    assert len(caught.value.faults) == 2
    with pytest.raises(NotFound):
        world.mine("run_a", campaign=tmp_path / "absent.toml")
    with pytest.raises(NotFound):
        world.mine("run_a", data_digest="no-such-set")
    short = tmp_path / "short.toml"
    short.write_text(world.campaign().read_text().replace('"small"', '"small"\nend = 2020-03-01'))
    with pytest.raises(DataNotReady):
        world.mine("run_a", campaign=short)
    assert not world.workspace.run("run_a").joinpath("charges.ndjson").exists()


def test_events_tell_the_story(world: World) -> None:
    world.mine("run_a")
    names = [e["event"] for e in world.events]
    assert names[0] == "start"
    assert names[-1] == "result"
    progress = [e for e in world.events if e["event"] == "progress"]
    assert [e["generation"] for e in progress] == [0, 1, 2, 3]
    needed = {"best_sharpe", "candidates", "trials", "evals_per_s", "eta_s", "diversity"}
    assert all(needed <= set(e) for e in progress)
    best = [e["best_sharpe"] for e in progress]
    assert best == sorted(best), "the best so far never falls"
    assert world.events[0]["seed"] == 1
