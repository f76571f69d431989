"""Never run campaign without versioned config."""

import pytest
from tests.desks import write_campaign

from omp.config.campaign_file import parse_campaign
from omp.domain.errors import InvalidConfiguration, NotFound
from omp.ops import queue
from omp.ops.desk import Desk
from omp.store import campaigns, runs


def test_each_queued_run_points_to_a_kept_version(desk: Desk) -> None:
    found = queue.add(desk, name="a", config_path="configs/campaigns/one.toml")
    (desk.workspace.campaigns / "one.toml").unlink()
    with desk.read() as tx:
        run = runs.get(tx, str(found.run_id))
        kept = campaigns.config(tx, run.config_hash)
    assert parse_campaign(kept.text, name="kept").config_hash == run.config_hash


def test_at_claim_the_version_that_runs_is_the_files_and_is_kept(desk: Desk) -> None:
    found = queue.add(desk, name="a", config_path="configs/campaigns/one.toml")
    for population in (200, 300):
        write_campaign(desk.workspace.root, "one", population=population)
        with desk.write() as tx:
            run = queue.at_claim(desk, tx, runs.get(tx, str(found.run_id)))
            assert f"population = {population}" in campaigns.config(tx, run.config_hash).text
    with desk.read() as tx:
        assert len(campaigns.configs(tx, "campaign")) == 3


@pytest.mark.parametrize("broken", ["[campaign]\n", "no toml", None])
def test_at_claim_a_file_that_cannot_be_versioned_is_not_run(
    desk: Desk, broken: str | None
) -> None:
    found = queue.add(desk, name="a", config_path="configs/campaigns/one.toml")
    path = desk.workspace.campaigns / "one.toml"
    if broken is None:
        path.unlink()
    else:
        path.write_text(broken)
    with desk.write() as tx, pytest.raises((InvalidConfiguration, NotFound)):
        queue.at_claim(desk, tx, runs.get(tx, str(found.run_id)))
    with desk.read() as tx:
        assert runs.get(tx, str(found.run_id)).state == "queued"
