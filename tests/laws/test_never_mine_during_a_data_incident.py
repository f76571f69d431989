"""Never mine during a data incident: the queue waits until cause and prevention are written."""

from pathlib import Path

from tests.unit.daemon.shop import Shop

from omp.ops import data_incidents, incidents, queue, queue_next
from omp.ops.runs import show


def test_a_queued_run_waits_and_then_goes_on(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "workspace", "generations=1")
    shop.add()
    found = data_incidents.open_about(shop.desk, "tiny", summary="wrong closes in May")
    for _ in range(10):
        shop.loop.tick()
    with shop.desk.read() as tx:
        (run,) = queue_next.line(shop.desk, tx)
    assert (run.run.state, run.run.attempt) == ("queued", 0)
    assert not shop.desk.workspace.run(run.run.id).exists(), "nothing was mined"
    assert found.incident.id in queue.why(shop.desk, run.campaign.id).sentence
    assert [one.id for one in incidents.listed(shop.desk, open_only=True)] == [found.incident.id]
    data_incidents.resolve(
        shop.desk, found.incident.id, cause="the wrong file", prevention="it is compared"
    )
    done = shop.turn_until_state("completed")
    assert done.id == run.run.id
    assert show(shop.desk, done.id).data_in_question == ()
    shop.close()
