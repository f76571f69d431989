"""The upkeep of a daemon has the luck of a lineage measured, and leaves it when the daemon goes."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop, make_data

from omp.daemon import process
from omp.ops import incidents, ledger_pages, luck_turn
from omp.store import runs as rows

MakeShop = Callable[[str], Shop]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeShop]:
    made: list[Shop] = []

    def shop(mode: str) -> Shop:
        found = Shop(tmp_path / "workspace", mode)
        made.append(found)
        make_data(found.desk, environment="real")
        found.add()
        found.mine()
        found.turn_until_state("completed")
        with found.desk.db.write() as tx:
            rows.change(tx, found.run().id, outcome="refused")
        return found

    yield shop
    for one in made:
        one.close()


def test_the_luck_of_a_lineage_is_measured_without_being_asked_for(make: MakeShop) -> None:
    shop = make("generations=2")
    shop.loop._upkeep.turn()
    found = ledger_pages.lineage(shop.desk, str(shop.run().lineage))
    assert found.measured is not None
    assert (found.measured.run_id, found.measured.copies) == (shop.run().id, 20)
    assert "luck.measured" in shop.kinds()
    assert luck_turn.due(shop.desk) is None


def test_a_daemon_that_goes_takes_its_measurement_with_it(make: MakeShop) -> None:
    shop = make("generations=2,lucky")
    shop.loop.begin()
    at_work = threading.Thread(target=shop.loop._upkeep.turn)
    at_work.start()
    root = shop.desk.workspace.root
    shop.turn_until(lambda: shop.run().id in process.runs_alive(root))
    shop.loop.end()
    at_work.join(10.0)
    assert not at_work.is_alive()
    assert shop.run().id not in process.runs_alive(root)
    assert luck_turn.due(shop.desk) is not None, "it was not tried"
    assert incidents.listed(shop.desk, open_only=True) == ()


def test_a_measurement_that_never_ends_is_ended_and_not_tried_again(
    make: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omp.daemon.loop.LUCK_PATIENCE", 0.001)
    shop = make("generations=2,lucky")
    shop.loop._upkeep.turn()
    (told,) = incidents.listed(shop.desk, open_only=True)
    assert told.fingerprint == "upkeep.luck"
    assert shop.run().id not in process.runs_alive(shop.desk.workspace.root)
    assert luck_turn.due(shop.desk) is None
