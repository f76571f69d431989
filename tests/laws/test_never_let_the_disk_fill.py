"""Never let the disk fill: below 2 GB old runs go, below 1 GB mining stops."""

from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop

from omp.ops import miner, retention


def test_the_ladder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cleaned: list[str] = []
    monkeypatch.setattr(retention, "relieve", lambda desk: cleaned.append(desk.operator))
    shop = Shop(tmp_path / "workspace", "hang")
    shop.add()
    shop.turn_until_state("running")
    shop.reader.set(disk_free_gb=1.9)
    shop.desk.wake.set()
    shop.loop.turn()
    assert cleaned == ["watchdog"]
    assert miner.state(shop.desk).state == "running"
    shop.reader.set(disk_free_gb=0.99)
    shop.desk.wake.set()
    shop.loop.turn()
    assert miner.state(shop.desk).state == "offline"
    assert shop.turn_until_state("queued").pid is None
    shop.close()
