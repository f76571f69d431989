"""Markets that a seed makes anew: their bars go, what was counted on them stays."""

import json
from dataclasses import replace

import pytest
from tests.desks import write_campaign
from tests.finished import FakeChildren, finish_run, make_candidates, publish

from omp.domain.errors import NotFound
from omp.ops import data_sets, incidents, ledger, made_markets, promotion, queue
from omp.ops.data_register import register_snapshot
from omp.ops.desk import Desk
from omp.store import journal, snapshots
from omp.store import runs as run_rows
from omp.store.runs import Run


@pytest.fixture
def thrifty(desk: Desk) -> Desk:
    """A desk that keeps the bars of one made market."""
    retention = replace(desk.settings.retention, keep_made_markets=1)
    return replace(desk, settings=replace(desk.settings, retention=retention))


def refused(desk: Desk, number: int, source: str = "synthetic:null") -> Run:
    """A run that was refused."""
    weak = make_candidates(1, tag=str(number), dsr=0.1)
    run_id = finish_run(desk, f"noise-{number}", population=200 + number, found=weak, source=source)
    promotion.advance(desk, run_id, FakeChildren(desk.workspace))
    return run_of(desk, run_id)


def run_of(desk: Desk, run_id: str) -> Run:
    with desk.read() as tx:
        return run_rows.get(tx, run_id)


def folders(desk: Desk) -> set[str]:
    """Digests whose bars are there."""
    homes = (desk.workspace.snapshots, desk.workspace.sealed)
    mining, sealed = ({one.name for one in home.glob("[!.]*")} for home in homes)
    assert sealed <= mining
    return mining


def test_the_newest_stay_and_the_older_go(thrifty: Desk) -> None:
    old, new = refused(thrifty, 1), refused(thrifty, 2)
    publish(thrifty, "prices")
    before = ledger.trials(thrifty, str(old.lineage))
    assert made_markets.remove(thrifty) == 1
    kept = folders(thrifty)
    assert str(new.data_digest) in kept
    assert str(old.data_digest) not in kept
    assert len(kept) == 2
    assert {one.stem for one in thrifty.workspace.data_sets.glob("*.json")} == {
        "noise-2-market",
        "prices",
    }
    assert ledger.trials(thrifty, str(old.lineage)) == before
    assert before.trials > 0
    exported = json.loads(thrifty.workspace.lineages_file.read_bytes())["lineages"]
    assert old.lineage not in {one["lineage"] for one in exported}
    assert new.lineage in {one["lineage"] for one in exported}
    with pytest.raises(NotFound, match="its seed makes them anew"):
        data_sets.show(thrifty, str(old.data_digest))
    with thrifty.read() as tx:
        assert snapshots.get(tx, str(old.data_digest)).removed_at is not None
        (record,) = journal.records(tx, kinds=("market.removed",))
    assert record.subject == old.data_digest
    assert made_markets.remove(thrifty) == 0


def test_what_is_needed_stays(thrifty: Desk) -> None:
    children = FakeChildren(thrifty.workspace)
    promoted = finish_run(thrifty, "found", source="synthetic:planted")
    while promotion.advance(thrifty, promoted, children).more:
        pass
    assert run_of(thrifty, promoted).outcome == "promoted"
    finish_run(thrifty, "undecided", population=150, source="synthetic:null")
    suspect = refused(thrifty, 1)
    incidents.open_incident(thrifty, "x", "SEV-2", "odd", details={"runs": [suspect.id]})
    by_hand = refused(thrifty, 2)
    publish(thrifty, "noise-2-market", environment="synthetic", symbols=("OTHER",))
    other = json.loads((thrifty.workspace.data_sets / "noise-2-market.json").read_bytes())
    other["history"] = [by_hand.data_digest, *other["history"]]
    (thrifty.workspace.data_sets / "noise-2-market.json").write_text(json.dumps(other))
    publish(thrifty, "mine", environment="synthetic", symbols=("MINE",))
    refused(thrifty, 3, source="mine")
    refused(thrifty, 4)
    before = folders(thrifty)
    assert made_markets.remove(thrifty) == 0
    assert folders(thrifty) == before


def test_a_live_run_of_another_campaign_keeps_the_market_its_seed_makes(thrifty: Desk) -> None:
    old, _ = refused(thrifty, 1), refused(thrifty, 2)
    path = write_campaign(
        thrifty.workspace.root, "same", source="synthetic:null", market="synthetic", population=999
    )
    waiting = run_of(thrifty, str(queue.add(thrifty, name="same", config_path=path).run_id))
    assert (waiting.seed, waiting.data_digest) == (old.seed, None)
    before = folders(thrifty)
    assert made_markets.remove(thrifty) == 0
    assert folders(thrifty) == before


def test_a_crash_after_the_record_is_made_good(thrifty: Desk) -> None:
    old, _ = refused(thrifty, 1), refused(thrifty, 2)
    with thrifty.write() as tx:
        snapshots.remove(tx, str(old.data_digest), at="2026-01-01T00:00:00.000000Z")
    assert made_markets.remove(thrifty) == 0
    assert str(old.data_digest) not in folders(thrifty)


def test_a_market_made_anew_counts_where_it_counted(thrifty: Desk) -> None:
    old, _ = refused(thrifty, 1), refused(thrifty, 2)
    made_markets.remove(thrifty)
    publish(thrifty, "noise-1-market", environment="synthetic", symbols=("NOISE-1-MARKET",))
    manifest = thrifty.workspace.snapshots / str(old.data_digest) / "manifest.json"
    again = register_snapshot(thrifty, manifest)
    assert (again.digest, again.lineage) == (old.data_digest, old.lineage)
    with thrifty.read() as tx:
        assert snapshots.get(tx, again.digest).removed_at is None
