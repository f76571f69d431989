"""Never mix environments without marking (queue, runs and lineages)."""

from tests.desks import write_campaign, write_data

from omp.ops import data, queue
from omp.ops.desk import Desk
from omp.store import runs, snapshots


def test_a_campaign_and_its_runs_are_marked_by_their_data(desk: Desk) -> None:
    root = desk.workspace.root
    for environment in ("real", "demo", "synthetic", "test"):
        write_data(root, f"d-{environment}", symbols=["X"], environment=environment)
        path = write_campaign(root, environment, source=f"d-{environment}")
        found = queue.add(desk, name=environment, config_path=path)
        assert found.environment == environment
        with desk.read() as tx:
            assert runs.get(tx, str(found.run_id)).environment == environment
    for environment in ("real", "demo", "synthetic", "test"):
        listed = queue.list_queue(desk, environment=environment)
        assert [one.name for one in listed] == [environment]


def test_no_market_name_in_a_file_can_change_the_mark(desk: Desk) -> None:
    path = write_campaign(desk.workspace.root, "fresh", source="synthetic:null", market="synthetic")
    assert queue.add(desk, name="f", config_path=path, market="us").environment == "synthetic"


def test_the_same_instrument_of_two_environments_is_two_lineages(desk: Desk) -> None:
    found = [
        data.register_snapshot(
            desk, write_data(desk.workspace.root, name, symbols=["AAPL"], environment=name)
        )
        for name in ("real", "demo")
    ]
    with desk.read() as tx:
        roots = {snapshots.root(tx, one.lineage).id for one in found}
    assert len(roots) == 2


def test_a_data_set_that_moves_to_another_environment_marks_its_next_run_anew(
    desk: Desk,
) -> None:
    found = queue.add(desk, name="a", config_path="configs/campaigns/one.toml", repeat=True)
    with desk.write() as tx:
        runs.change(tx, str(found.run_id), to_state="completed")
    write_data(desk.workspace.root, "prices", symbols=["NEW"], environment="test")
    queue.ensure_runs(desk)
    with desk.read() as tx:
        assert [one.environment for one in runs.find(tx, campaign_id=found.id)] == ["test", "real"]
    assert queue.get(desk, found.id).environment == "test"
