"""Never mine if data readiness is uncertain: unknown is no, also at the last moment."""

import json
from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop

from omp.ops.runs import show


@pytest.mark.parametrize(
    "certificate",
    [None, "", "{", "[]", "{}", '{"ready": false}', '{"ready": null}', '{"ready": "yes"}', "1"],
)
def test_no_child_is_started_without_a_plain_yes(tmp_path: Path, certificate: str | None) -> None:
    shop = Shop(tmp_path / "workspace", "generations=1")
    shop.add()
    pointer = json.loads((shop.desk.workspace.data_sets / "tiny.json").read_text())
    path = shop.desk.workspace.snapshots / pointer["current"] / "readiness.json"
    if certificate is None:
        path.unlink()
    else:
        path.write_text(certificate)
    run = shop.turn_until_state("failed")
    assert "not proven fit for mining" in str(show(shop.desk, run.id).run.cause)
    assert run.exit_code == 3
    assert not shop.desk.workspace.run(run.id).exists(), "nothing was mined"
    shop.close()
