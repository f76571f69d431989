"""`POST /data`: every field becomes the child's argument, and no path leaves the workspace."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.unit.api.test_data_sets import BASE, Importer
from tests.unit.api.workspaces import make_desk

from omp.api.schemas import Import
from omp.api.server import create_app
from omp.ops.desk import Desk
from omp.wire.import_call import FLAGS


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Desk, Importer, TestClient]:
    desk = make_desk(tmp_path / "workspace")
    importer = Importer(next(desk.workspace.snapshots.glob("*/manifest.json")))
    client = TestClient(
        create_app(desk, children=importer), base_url="http://localhost:3001", client=("::1", 1)
    )
    (desk.workspace.root / "data" / "bars.csv").write_text("date\n")
    (desk.workspace.root / "data" / "splits.csv").write_text("symbol\n")
    return desk, importer, client


def test_every_option_of_an_import_is_a_field_of_the_body() -> None:
    assert set(Import.model_fields) == set(FLAGS) | {"path", "name", "origin"}


def test_fields_become_the_arguments_of_the_child(shop) -> None:
    desk, importer, client = shop
    body = {
        "path": "data/bars.csv",
        "name": "mine",
        "venue": "br",
        "columns": ["close=Fechamento"],
        "features": ["mood=Humor"],
        "symbols": ["PETR4", "VALE3"],
        "decimal": ",",
        "date_format": "%d/%m/%Y",
        "adjust": False,
        "leave_out_faulty": True,
        "actions": "data/splits.csv",
    }
    assert client.post(f"{BASE}/data", json=body).status_code == 201
    args = importer.calls[0]
    assert args[:5] == [
        *("data", "import", str(desk.workspace.root / "data" / "bars.csv")),
        *("--name", "mine"),
    ]
    expected = {
        "--venue=br",
        "--column=close=Fechamento",
        "--feature=mood=Humor",
        "--symbols=PETR4,VALE3",
        "--decimal=,",
        "--date-format=%d/%m/%Y",
        "--no-adjust",
        "--leave-out-faulty",
        f"--actions={desk.workspace.root / 'data' / 'splits.csv'}",
    }
    assert expected <= set(args)
    assert not any(one.startswith(("--timeframe", "--encoding", "--fractional")) for one in args)


@pytest.mark.parametrize(
    "change",
    [
        {"path": "../../etc/passwd"},
        {"actions": "/etc/passwd"},
        {"name": "../x"},
        {"decimal": "x"},
        {"columns": "close=x"},
        {"workspace": "/elsewhere"},
    ],
    ids=lambda one: next(iter(one)),
)
def test_a_wrong_field_is_refused_and_no_child_is_started(shop, change) -> None:
    _, importer, client = shop
    body = {"path": "data/bars.csv", "name": "mine"} | change
    assert client.post(f"{BASE}/data", json=body).status_code == 422
    assert importer.calls == []
