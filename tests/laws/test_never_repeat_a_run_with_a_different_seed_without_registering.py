"""Never repeat run with different seed without registering."""

import pytest
from sqlalchemy import select
from tests.desks import write_campaign

from omp.domain.errors import Conflict, Refused
from omp.ops import campaign_configs, queue, seeds
from omp.ops.desk import Desk
from omp.store import campaigns, runs
from omp.store.tables import runs as runs_table


def end(desk: Desk, campaign_id: str, state: str) -> None:
    with desk.write() as tx:
        run = runs.live(tx, campaign_id)[0]
        runs.change(tx, run.id, to_state=state, finished_at=desk.clock.iso())


def test_every_run_there_is_has_its_seed_registered(desk: Desk) -> None:
    path = write_campaign(desk.workspace.root, "noise", source="synthetic:null", market="synthetic")
    ids = [
        queue.add(desk, name="a", config_path="configs/campaigns/one.toml", repeat=True).id,
        queue.add(desk, name="b", config_path=path, repeat=True).id,
    ]
    for state in ("completed", "failed", "cancelled", "completed"):
        for campaign_id in ids:
            end(desk, campaign_id, state)
        queue.ensure_runs(desk)
    with desk.read() as tx:
        everything = [runs.get(tx, one) for one in tx.execute(select(runs_table.c.id)).scalars()]
        assert len(everything) == 10
        for run in everything:
            file = campaign_configs.kept(tx, run.config_hash).file
            lineage = run.lineage or file.data.source
            assert seeds.require_registered(tx, file, lineage, run.seed)
        assert {run.seed for run in everything} == {1, 2, 3, 4}


def test_a_seed_that_is_not_registered_is_refused(desk: Desk) -> None:
    found = queue.add(desk, name="a", config_path="configs/campaigns/one.toml")
    with desk.write() as tx:
        run = runs.get(tx, str(found.run_id))
        file = campaign_configs.kept(tx, run.config_hash).file
        with pytest.raises(Refused, match="not registered"):
            seeds.require_registered(tx, file, str(run.lineage), 99)
        runs.change(tx, run.id, seed=99)
        with pytest.raises(Refused, match="not registered"):
            queue.at_claim(desk, tx, runs.get(tx, run.id))


def test_no_seed_is_picked_out_of_turn_or_twice(desk: Desk) -> None:
    found = queue.add(desk, name="a", config_path="configs/campaigns/one.toml")
    with desk.write() as tx:
        run = runs.get(tx, str(found.run_id))
        file = campaign_configs.kept(tx, run.config_hash).file
        with pytest.raises(Refused, match="not the next"):
            seeds.register(desk, tx, file, str(run.lineage), 1000, run.id)
        with pytest.raises(Conflict):
            campaigns.register_seed(
                tx,
                campaigns.Seed(file.search_hash, str(run.lineage), 1, 1, run.id, "now"),
            )


def test_a_renamed_copy_of_a_search_does_not_begin_its_seeds_anew(desk: Desk) -> None:
    first = queue.add(desk, name="a", config_path="configs/campaigns/one.toml")
    text = (desk.workspace.campaigns / "one.toml").read_text()
    copy = desk.workspace.campaigns / "copy.toml"
    copy.write_text(text.replace('name = "one"', 'name = "another"'))
    second = queue.add(desk, name="b", config_path="configs/campaigns/copy.toml")
    assert first.id != second.id
    with desk.read() as tx:
        assert runs.get(tx, str(second.run_id)).seed == 2
