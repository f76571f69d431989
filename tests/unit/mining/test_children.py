"""The children that judge a finished run: evidence, look, audit, export, replay."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from omp.domain.errors import Damaged, InvalidInput, LookRefused, NotFound
from omp.mining.audit import audit
from omp.mining.evidence import measure_ensemble, measure_run
from omp.mining.export import export_top
from omp.mining.look import look, subject_digest
from omp.mining.opened import OpenRun
from omp.mining.replay import replay_entry
from omp.mining.strategy_file import from_toml, to_toml
from omp.store import packing
from omp.wire.canonical import canonical
from omp.wire.charges import charge
from omp.wire.evidence import (
    LookEvidence,
    RunEvidence,
    SubjectEvidence,
    read_document,
)
from omp.wire.grant import Grant, make_keys, sign_grant
from omp.wire.rundir import read_json, read_manifest

from .conftest import World


def go_on() -> None:
    """Nobody asks us to stop."""


def ids(opened: OpenRun, n: int) -> list[str]:
    return [one.candidate_id for one in opened.best(n)]


def grant_for(world: World, subject: str, **changed: object) -> Path:
    opened = world.open("run_a")
    make_keys(world.workspace.keys)
    grant = Grant(
        schema_version=1,
        look_id="look_1",
        run_id="run_a",
        candidate_id=subject,
        subject_digest=subject_digest(opened, subject),
        data_digest=opened.snapshot.digest,
        lineage=opened.manifest.lineage,
        window="w",
        ordinal=1,
        level=0.03,
        granted_at="2024-01-01T00:00:00Z",
    )
    path = world.workspace.root / "grant.json"
    path.write_bytes(sign_grant(replace(grant, **changed), world.workspace.keys))  # type: ignore[arg-type]
    return path


# ----------------------------------------------------------------- evidence


def test_evidence_measured_again_is_the_same(done: World) -> None:
    before = (done.workspace.run("run_a") / "evidence.json").read_bytes()
    measure_run(done.open("run_a"), may_go_on=go_on)
    assert (done.workspace.run("run_a") / "evidence.json").read_bytes() == before


def test_a_strange_engines_claims_are_measured_not_believed(done: World) -> None:
    run = done.workspace.run("run_a")
    manifest = json.loads((run / "manifest.json").read_bytes())
    honest = read_document(RunEvidence, run / "evidence.json")
    for name in [n for n in manifest["files"] if n == "evidence.json"]:
        del manifest["files"][name]
    (run / "manifest.json").write_bytes(canonical(manifest))
    (run / "evidence.json").unlink()
    first, second = (one.candidate_id for one in honest.candidates[:2])
    (run / "hall_of_fame" / first / "metrics.obfs").write_bytes(b"boast")
    lines = (run / "hall_of_fame" / second / "trades.csv").read_text().splitlines()
    (run / "hall_of_fame" / second / "trades.csv").write_text("\n".join(lines[:-1]) + "\n")
    measure_run(done.open("run_a"), may_go_on=go_on)
    found = read_document(RunEvidence, run / "evidence.json")
    assert "metrics.obfs" not in found.candidate(first).artifacts
    assert found.candidate(second).replay is not None
    assert not found.candidate(second).replay.trades_equal  # type: ignore[union-attr]
    assert found.candidates[2] == honest.candidates[2]


def test_a_planted_trial_count_is_not_believed(done: World) -> None:
    run = done.workspace.run("run_a")
    charge(run / "charges.ndjson", attempt=1, generation=9, genomes=500)
    assert done.open("run_a").counts.distinct == (
        read_document(RunEvidence, run / "evidence.json").n_trials + 500
    )


# ----------------------------------------------------------------- ensemble


def test_an_ensemble_is_one_candidate_with_its_own_manifest(done: World) -> None:
    opened = done.open("run_a")
    members = ids(opened, 3)
    name, evidence_digest = measure_ensemble(opened, members)
    again, same_digest = measure_ensemble(opened, list(reversed(members)))
    assert (name, evidence_digest) == (again, same_digest)
    folder = opened.run.candidate(name)
    found = read_document(
        SubjectEvidence, folder / "evidence.json", expected_digest=evidence_digest
    ).subject
    assert name.startswith("ens_")
    assert found.kind == "ensemble"
    assert found.members == sorted(members)
    assert found.weights == [pytest.approx(1 / 3)] * 3
    parts = [read_document(RunEvidence, opened.run.evidence).candidate(one) for one in members]
    assert found.n_trades == sum(one.n_trades for one in parts)
    assert set(read_json(folder / "manifest.json", remedy="")["files"]) == {
        *found.artifacts,
        "evidence.json",
    }
    strategy = from_toml((folder / "strategy.toml").read_text())
    assert strategy.candidate_id == name
    assert to_toml(strategy).encode() == (folder / "strategy.toml").read_bytes()
    assert audit(opened, may_go_on=go_on)["faults"] == []


def test_one_member_alone_is_itself(done: World) -> None:
    opened = done.open("run_a")
    (member,) = ids(opened, 1)
    name, _ = measure_ensemble(opened, [member])
    alone = read_document(RunEvidence, opened.run.evidence).candidate(member)
    found = read_document(SubjectEvidence, opened.run.candidate(name) / "evidence.json").subject
    assert found.sharpe_x == alone.sharpe_x
    assert name == member
    assert found == alone
    assert audit(opened, may_go_on=go_on)["faults"] == []


def test_likeness_to_earlier_subjects(done: World, tmp_path: Path) -> None:
    opened = done.open("run_a")
    first, second = ids(opened, 2)
    earlier = tmp_path / "subjects"
    for name, source in (("old_twin", first), ("old_other", second)):
        (earlier / name).mkdir(parents=True)
        shutil.copy(opened.run.candidate(source) / "returns.parquet", earlier / name)
    pool = pl.read_parquet(earlier / "old_other" / "returns.parquet").filter(
        pl.col("symbol") == "*"
    )
    pool.tail(100).write_parquet(earlier / "old_other" / "returns.parquet")
    name, _ = measure_ensemble(opened, [first], earlier=earlier)
    against = read_document(
        SubjectEvidence, opened.run.candidate(name) / "evidence.json"
    ).subject.against
    assert [one.subject_id for one in against] == ["old_other", "old_twin"]
    assert against[0].common_bars == 100
    assert against[1].position_correlation == pytest.approx(1.0)
    assert against[1].x_correlation == pytest.approx(1.0)


@pytest.mark.parametrize("members", [[], ["cand_x"], ["same", "same"]])
def test_members_that_cannot_be(done: World, members: list[str]) -> None:
    with pytest.raises((InvalidInput, NotFound)):
        measure_ensemble(done.open("run_a"), members)


# --------------------------------------------------------------------- look


def test_a_granted_look_gives_the_same_bytes_again(done: World) -> None:
    opened = done.open("run_a")
    (subject,) = ids(opened, 1)
    path = grant_for(done, subject)
    look_id, digest = look(opened, subject, path)
    folder = opened.run.look(look_id)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert look(opened, subject, path) == (look_id, digest)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    found = read_document(LookEvidence, folder / "look.json", expected_digest=digest)
    assert found.first == opened.snapshot.boundary
    assert found.n_bars == 330
    assert found.p_value is not None
    assert found.beta is not None
    returns = pl.read_parquet(folder / "returns.parquet").filter(pl.col("symbol") == "*")
    assert returns.height == 330
    assert returns["position"][0] == 0.0
    assert returns["net_return"][0] == 0.0


def test_no_look_without_its_grant(done: World) -> None:
    opened = done.open("run_a")
    first, second = ids(opened, 2)
    path = grant_for(done, first)
    for subject, file in ((second, path), (first, path.with_name("absent.json"))):
        with pytest.raises(LookRefused):
            look(opened, subject, file)
    for changed in (
        {"run_id": "run_b"},
        {"data_digest": "0" * 64},
        {"lineage": "lin_other"},
        {"subject_digest": "0" * 64},
    ):
        with pytest.raises(LookRefused, match="another"):
            look(opened, first, grant_for(done, first, **changed))
    forged = json.loads(grant_for(done, first).read_bytes())
    forged["grant"]["level"] = 0.5
    path.write_text(json.dumps(forged))
    with pytest.raises(LookRefused, match="not signed"):
        look(opened, first, path)
    assert not (opened.run.root / "looks").exists()


def test_a_grant_of_another_workspace_is_refused(done: World, tmp_path: Path) -> None:
    opened = done.open("run_a")
    (subject,) = ids(opened, 1)
    make_keys(done.workspace.keys)
    make_keys(tmp_path / "other")
    grant = Grant(
        1, "look_1", "run_a", subject, subject_digest(opened, subject), opened.snapshot.digest,
        opened.manifest.lineage, "w", 1, 0.03, "now",
    )  # fmt: skip
    path = tmp_path / "grant.json"
    path.write_bytes(sign_grant(grant, tmp_path / "other"))
    with pytest.raises(LookRefused, match="not signed"):
        look(opened, subject, path)


# -------------------------------------------------------------------- audit


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _first_folder(run: Path) -> Path:
    return next((run / "hall_of_fame").iterdir())


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "changed trials": (lambda run: _flip(run / "trials.parquet"), "trials.parquet"),
    "lost file": (lambda run: (_first_folder(run) / "trades.csv").unlink(), "is missing"),
    "broken container": (lambda run: _flip(_first_folder(run) / "metrics.obfs"), "sealed"),
    "added file": (lambda run: (run / "extra.txt").write_text("x"), "not in the manifest"),
    "uncounted trials": (
        lambda run: charge(run / "charges.ndjson", attempt=1, generation=9, genomes=5),
        "no result",
    ),
    "boasted evidence": (
        lambda run: (run / "evidence.json").write_bytes(
            (run / "evidence.json").read_bytes().replace(b'"leaks":0', b'"leaks":1', 1)
        ),
        "measured again",
    ),
}


def test_a_sound_run_has_no_fault(done: World) -> None:
    assert audit(done.open("run_a"), may_go_on=go_on)["faults"] == []


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_each_planted_fault_is_found(done: World, name: str) -> None:
    plant, expected = FAULTS[name]
    plant(done.workspace.run("run_a"))
    faults = audit(done.open("run_a"), may_go_on=go_on)["faults"]
    assert any(expected in one for one in faults), faults


# ------------------------------------------------------------------- export


def test_export_writes_tables_and_missing_folders(done: World) -> None:
    opened = done.open("run_a")
    first = ids(opened, 1)[0]
    folder = opened.run.candidate(first)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    shutil.rmtree(folder)
    table, written = export_top(opened, 3, may_go_on=go_on)
    assert written == [first]
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert [row["rank"] for row in table] == [1, 2, 3]
    assert len((opened.run.exports / "top_3.csv").read_text().splitlines()) == 4
    with pytest.raises(InvalidInput):
        export_top(opened, 0, may_go_on=go_on)


# ------------------------------------------------------------------- replay


def _entry(done: World) -> Path:
    """A Hall entry as promotion writes it: the subject's folder, the look, the data."""
    opened = done.open("run_a")
    name, _ = measure_ensemble(opened, ids(opened, 2))
    look_id, _ = look(opened, name, grant_for(done, name))
    entry = done.workspace.entry(name)
    shutil.copytree(opened.run.candidate(name), entry)
    shutil.copytree(opened.run.look(look_id), entry / "look")
    shutil.copy(opened.run.campaign, entry / "campaign.toml")
    shutil.copytree(opened.snapshot.path, entry / "data")
    shutil.copytree(done.workspace.sealed / opened.snapshot.digest, entry / "data" / "sealed")
    return entry


def test_an_entry_replays_from_its_folder_alone(done: World, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.move(_entry(done), moved)
    shutil.rmtree(done.workspace.root)
    found = replay_entry(moved)
    assert found["equal"], found["differences"]
    assert found["look_replayed"]
    assert found["trades"] > 0


def test_a_replay_finds_what_was_changed(done: World) -> None:
    entry = _entry(done)
    text = (entry / "strategy.toml").read_text()
    (entry / "strategy.toml").write_text(text.replace("slippage_bps = 1.0", "slippage_bps = 9.0"))
    assert not replay_entry(entry)["equal"]
    (entry / "strategy.toml").write_text(text)
    assert replay_entry(entry)["equal"]
    _flip(entry / "data" / "bars.parquet")
    with pytest.raises(Damaged):
        replay_entry(entry)


# ----------------------------------------------------------------- old runs


def test_a_compressed_run_is_judged_as_before(done: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = done.workspace.run("run_a")
    bound = read_manifest(run / "manifest.json").files
    before = done.open("run_a")
    names, rows = ids(before, 3), [one.candidate_id for one in before.rows]
    monkeypatch.setattr(packing, "LEAST_BYTES", 200)
    monkeypatch.setattr(packing, "WORTH", 2.0)  # Parquet too, which wins nothing
    packed = packing.pack(run.parent, "run_a", bound)
    assert packed.faults == ()
    assert not (run / "trials.parquet").exists()
    assert not (run / "evidence.json").exists()
    after = done.open("run_a")
    assert [one.candidate_id for one in after.rows] == rows
    assert [after.subject(one).genome_hash for one in names] == [
        before.subject(one).genome_hash for one in names
    ]
    (run / "own.zst").write_bytes(b"no compressed file, and nobody's")
    found = audit(after, may_go_on=go_on)
    assert found["faults"] == ["own.zst is not in the manifest"]


def test_a_run_that_is_not_there_says_where_to_look(done: World) -> None:
    shutil.rmtree(done.workspace.run("run_a"))
    with pytest.raises(NotFound, match="omp runs show run_a"):
        done.open("run_a")
