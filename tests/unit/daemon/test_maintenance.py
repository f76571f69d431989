"""Maintenance: nothing is started while a person works on the machine, whatever is wanted."""

from collections.abc import Callable

import pytest
from tests.unit.daemon.shop import Shop

from omp.domain.errors import IllegalMove, InvalidInput
from omp.ops import maintenance, miner, queue
from omp.ops.miner_status import status

Open = Callable[..., Shop]


def test_nothing_starts_and_what_is_wanted_stays(open_shop: Open) -> None:
    shop = open_shop()
    campaign = shop.add()
    shop.mine()
    maintenance.turn(shop.desk, True, reason="a new disk")
    for _ in range(5):
        shop.loop.turn()
    assert shop.run().state == "queued"
    assert miner.state(shop.desk).wanted == "running"
    assert "maintenance is on (a new disk)" in queue.why(shop.desk, campaign).sentence
    shown = status(shop.desk)["maintenance"]
    assert (shown["on"], shown["reason"], shown["busy"]) == (True, "a new disk", 0)
    maintenance.turn(shop.desk, False)
    assert shop.turn_until_state("completed").attempt == 1
    assert {"maintenance.on", "maintenance.off"} <= set(shop.kinds())


def test_what_runs_is_checkpointed_back_and_goes_on_afterwards(open_shop: Open) -> None:
    shop = open_shop("gate,generations=7")
    shop.add()
    shop.mine()
    shop.turn_until(lambda: (shop.run().generation or 0) >= 4)
    maintenance.turn(shop.desk, True, reason="an update")
    shop.turn_until(lambda: shop.run().state == "queued")
    assert maintenance.state(shop.desk).busy == 0
    maintenance.turn(shop.desk, False)
    (shop.desk.workspace.root / "go").touch()
    assert shop.turn_until_state("completed").attempt == 2


def test_drained_it_comes_to_its_end_and_nothing_follows(open_shop: Open) -> None:
    shop = open_shop("gate,generations=7")
    shop.add(repeat=True)
    shop.mine()
    shop.turn_until(lambda: (shop.run().generation or 0) >= 4)
    maintenance.turn(shop.desk, True, reason="an update", drain=True)
    for _ in range(3):
        shop.loop.turn()
    assert maintenance.state(shop.desk).busy == 1
    (shop.desk.workspace.root / "go").touch()
    shop.turn_until(lambda: any(run.state == "completed" for run in shop.runs()))
    for _ in range(5):
        shop.loop.turn()
    assert not [run for run in shop.runs() if run.state == "running"]


def test_it_needs_a_reason_and_ends_only_once(open_shop: Open) -> None:
    shop = open_shop()
    with pytest.raises(InvalidInput, match="without a reason"):
        maintenance.turn(shop.desk, True, reason=" ")
    with pytest.raises(IllegalMove, match="not on"):
        maintenance.turn(shop.desk, False)
