"""Never accept partial validation as complete."""

from pathlib import Path

import pytest
from tests.finished import FakeChildren, finish_run, make_candidates

from omp.domain.errors import OmpError
from omp.ops import promotion
from omp.ops.desk import Desk
from omp.store import hall
from omp.store import runs as run_rows


def outcome(desk: Desk, run_id: str) -> tuple[str | None, str | None]:
    """What became of a run, and the gate that stopped it; nothing entered the Hall."""
    children = FakeChildren(desk.workspace)
    try:
        while promotion.advance(desk, run_id, children).more:
            pass
    except OmpError:
        pass
    with desk.read() as tx:
        assert hall.listed(tx) == ()
        run = run_rows.get(tx, run_id)
    return run.outcome, run.first_failed_gate


@pytest.mark.parametrize("name", ["strategy.toml", "metrics.obfs", "trades.csv", "curves.json"])
def test_a_missing_artifact_refuses(desk: Desk, name: str) -> None:
    run_id = finish_run(desk)
    for path in desk.workspace.run(run_id).glob(f"hall_of_fame/*/{name}"):
        path.unlink()
    assert outcome(desk, run_id) == ("refused", "completeness")


@pytest.mark.parametrize(
    ("field", "value", "gate"),
    [
        ("replay", None, "completeness"),
        ("sharpe_x_annual", None, "completeness"),
        ("lookahead", None, "lookahead"),
        ("stress", [], "stress"),
        ("folds_sharpe_x", [0.1, None, 0.1, 0.1], "walk_forward"),
        ("dsr", None, "completeness"),
    ],
)
def test_missing_evidence_refuses(desk: Desk, field: str, value: object, gate: str) -> None:
    run_id = finish_run(desk, found=make_candidates(2, **{field: value}))
    assert outcome(desk, run_id) == ("refused", gate)


def test_missing_run_evidence_refuses(desk: Desk) -> None:
    from dataclasses import replace

    from tests.kits.gate_cases import run_evidence

    unknown = replace(run_evidence().pbo, value=None)
    assert outcome(desk, finish_run(desk, pbo=unknown)) == ("refused", "pbo")


def test_a_charged_generation_without_result_refuses(desk: Desk) -> None:
    run_id = finish_run(desk)
    from omp.store import ledger
    from omp.wire.charges import Owed

    with desk.db.write() as tx:
        run = run_rows.get(tx, run_id)
        owed = (Owed(generation=1, genomes=500, behaviours=None, attempt=1),)
        ledger.ingest_charges(
            tx, run_id=run_id, lineage=str(run.lineage), owed=owed, now=desk.clock.iso()
        )
    assert outcome(desk, run_id) == ("refused", "completeness")


def test_a_look_without_files_is_no_look(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = finish_run(desk)
    plain = FakeChildren._look

    def bare(self: FakeChildren, directory: object, given: dict[str, str]) -> dict[str, object]:
        answer = plain(self, directory, given)  # type: ignore[arg-type]
        folder: Path = directory.look(str(answer["look_id"]))  # type: ignore[attr-defined]
        (folder / "returns.parquet").unlink()
        return answer

    monkeypatch.setattr(FakeChildren, "_look", bare)
    assert outcome(desk, run_id)[0] == "pending"
