"""The daemon and old runs: what a crash left is finished at once, and age does the rest."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop

from omp.daemon.upkeep import Upkeep
from omp.ops import run_moves
from omp.store import packing
from omp.store import runs as rows

SETTINGS = """\
[retention]
keep_runs = 1
archive_dir = "archive"
[backup]
every_h = 0
[store]
scrub_every_h = 0
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    found = Shop(tmp_path / "workspace", "generations=2", settings=SETTINGS)
    found.add()
    yield found
    found.close()


def test_a_new_daemon_brings_the_disk_to_what_the_record_says(shop: Shop) -> None:
    run = shop.turn_until_state("completed")
    run_moves.move(shop.desk, [run.id], "trash", kind="retention.trashed", facts={})
    assert (shop.desk.workspace.run(run.id)).is_dir(), "and then the power went"
    loop = shop.new_loop()
    loop.begin()
    loop.end()
    assert not shop.desk.workspace.run(run.id).exists()
    assert (shop.desk.workspace.trash / run.id).is_dir()


def test_the_upkeep_compresses_and_archives_by_age(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "LEAST_BYTES", 100)
    run = shop.turn_until_state("completed")
    with shop.desk.db.write() as tx:  # it was refused, and a younger one is there
        rows.change(tx, run.id, outcome="refused")
        later = replace(rows.get(tx, run.id), id="run_younger", queued_at=shop.clock.iso())
        rows.add(tx, later)
    shop.desk.workspace.run("run_younger").mkdir()
    upkeep = Upkeep(shop.desk)
    upkeep.turn()
    folder = shop.desk.workspace.run(run.id)
    assert not list(folder.rglob("*.zst"))
    shop.clock.ahead_s = 8 * 86_400.0
    upkeep.turn()
    assert list(folder.rglob("*.zst"))
    shop.clock.ahead_s = 31 * 86_400.0
    upkeep.turn()
    assert not folder.exists()
    with shop.desk.read() as tx:
        assert rows.get(tx, run.id).place == "archived"
    shop.clock.ahead_s += 2 * 86_400.0
    upkeep.turn()
    assert (shop.desk.workspace.archive / run.id / "manifest.json").is_file()
