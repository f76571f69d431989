"""The real application over a real workspace."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.unit.api.workspaces import make_desk

from omp.api.server import create_app
from omp.ops.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = make_desk(tmp_path / "workspace")
    desk.live.set()
    yield desk
    desk.db.close()


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(
        create_app(desk), base_url="http://localhost:3001", client=("127.0.0.1", 50000)
    ) as client:
        yield client
