"""The operator's verbs on SQLite and on a real PostgreSQL."""

import json
import random
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.desks import HandClock, write_campaign, write_data
from tests.long.claim_speed import fill

from omp.app import open_desk
from omp.ops import incidents, miner, queue, queue_next, workspace
from omp.ops.desk import Desk
from omp.ops.queue_order import AGEING_STEP_S
from omp.store import campaigns, journal, queue_line, runs


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    root = tmp_path / "workspace"
    workspace.create(root, demo=False, idle=True)
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        (root / "dashboard" / "omp_config.toml").write_text(f'[store]\nurl = "{url}"\n')
        for path in (*root.glob("state/omp.db*"), root / "state" / "anchor"):
            path.unlink()
        shutil.rmtree(root / "data" / "sets")
        workspace.create(root, demo=False, idle=True)
    write_data(root, "prices")
    write_campaign(root, "one", population=100)
    write_campaign(root, "two", population=200)
    opened = open_desk(root, operator="tester", clock=HandClock())
    assert opened.db.dialect == request.param
    yield opened
    opened.db.close()


def test_a_queue_lives_its_life(desk: Desk) -> None:
    first = queue.add(
        desk, name="one", config_path="configs/campaigns/one.toml", repeat=True, idempotency_key="k"
    )
    again = queue.add(
        desk, name="one", config_path="configs/campaigns/one.toml", repeat=True, idempotency_key="k"
    )
    assert (again.id, again.duplicate) == (first.id, True)
    second = queue.add(desk, name="two", config_path="configs/campaigns/two.toml")
    queue.reorder(desk, second.id, before=first.id, reason="r")
    assert [one.name for one in queue.list_queue(desk)] == ["two", "one"]
    following = queue.next_run(desk)
    assert following is not None
    with desk.write() as tx:
        run = queue.at_claim(desk, tx, following.run)
        runs.change(tx, run.id, state="queued", to_state="running", to_attempt=1)
    assert queue.why(desk, second.id).is_running
    with desk.write() as tx:
        runs.change(tx, run.id, state="running", to_state="completed")
        runs.change(tx, str(first.run_id), state="queued", to_state="failed")
    assert len(queue.ensure_runs(desk)) == 1
    queue.export_file(desk)
    path = desk.workspace.queue_file
    document = json.loads(path.read_text())
    document["campaigns"][0]["tags"] = ["é"]
    path.write_text(json.dumps(document))
    assert queue.ingest_file(desk).refused is None
    queue.remove(desk, first.id)
    desk.live.set()
    miner.want(desk, "start")
    found = incidents.open_incident(desk, "f", "SEV-0", "s")
    incidents.resolve(desk, found.id, cause="c", prevention="p", resolution="r")
    status = miner.status(desk)
    assert (status["status"], status["lastIncident"]["id"]) == ("running", found.id)
    with desk.read() as tx:
        assert journal.verify(tx) is None
        assert journal.behind(tx, desk.workspace) is None


@pytest.mark.parametrize("seed", range(4))
def test_the_line_read_by_index_is_the_line_by_definition(desk: Desk, seed: int) -> None:
    fill(desk, 90)
    rng = random.Random(seed)
    now = desk.clock.now()
    with desk.db.write() as tx:
        for run in runs.find(tx, states=("queued",), limit=1000):
            waited_s = rng.choice([0.0, 1800.0, 5400.0, rng.uniform(0, 20_000)][seed % 3 :])
            queued_at = journal.iso(now - timedelta(seconds=waited_s))
            back_off = journal.iso(now + timedelta(seconds=rng.choice([-60, 3600])))
            runs.change(tx, run.id, queued_at=queued_at, not_before=rng.choice([None, back_off]))
            campaigns.change(tx, run.campaign_id, priority=rng.choice([1, 5, 5, 9, 10][seed:]))
    with desk.read() as tx:
        at = desk.clock.now()
        waiting = ((one.run.not_before or "", one) for one in queue_next.line(desk, tx))
        wanted = [one.run.id for not_before, one in waiting if not_before <= journal.iso(at)]
        step = timedelta(seconds=AGEING_STEP_S)
        aged = [journal.iso(at - n * step) for n in range(1, queue_line.STEPS + 1)]
        found = [run for run, _ in queue_line.in_order(tx, now=journal.iso(at), aged=aged)]
    assert len(wanted) > 30
    assert found == wanted
