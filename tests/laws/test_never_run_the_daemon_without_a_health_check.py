"""Never run the daemon without a health check: it refuses to mine, with the failing check named."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop

from omp.daemon import health
from omp.ops import miner
from omp.store import meta


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "workspace", "generations=1")
    shop.add()
    return shop


def break_memory(shop: Shop) -> None:
    shop.reader.set(mem_available_mb=1.0)


def break_disk(shop: Shop) -> None:
    shop.reader.set(disk_free_gb=0.01)


def break_processor(shop: Shop) -> None:
    shop.reader.set(cpu_others_pct=99.0)


def break_configuration(shop: Shop) -> None:
    (shop.root / "dashboard" / "omp_config.toml").write_text("[limits]\nno_such_key = 1\n")


def break_folders(shop: Shop) -> None:
    (shop.root / "artifacts" / "hall_of_fame").rmdir()


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("memory", break_memory),
        ("disk", break_disk),
        ("cpu", break_processor),
        ("configuration", break_configuration),
        ("folders", break_folders),
    ],
)
def test_nothing_starts_while_a_check_fails(
    shop: Shop, name: str, damage: Callable[[Shop], None]
) -> None:
    damage(shop)
    for _ in range(3):
        shop.loop.turn()
        shop.desk.wake.set()
    assert shop.run().attempt == 0, "no child was started"
    with shop.desk.read() as tx:
        found = meta.get_json(tx, health.KEY)
    failing = [one for one in found["checks"] if not one["ok"]]
    assert [one["name"] for one in failing] == [name]
    assert failing[0]["sentence"] in miner.status(shop.desk)["blocked"]
    shop.close()


def test_a_healthy_daemon_mines(shop: Shop) -> None:
    assert shop.turn_until_state("completed").attempt == 1
    shop.close()
