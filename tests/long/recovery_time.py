"""How long a daemon takes to come back with many campaigns queued and many entries in the Hall.

    python -m tests.long.recovery_time --queued 10000 --entries 10000

Prints one line of JSON. `recovery_s` runs from opening the database to the end of the first tick,
after which the first run has its process; the daemon before was killed, nothing was put in order.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from sqlalchemy import insert
from tests.unit.daemon.shop import Shop

from omp.app import open_desk
from omp.store import campaigns, hall, runs, tables
from omp.store.hall import Entry, Episode
from omp.store.rows import to_values
from omp.wire.canonical import canonical, digest


def fill(shop: Shop, queued: int, entries: int) -> None:
    """So many campaigns with a queued run each, and so many entries with their folders."""
    model = shop.add()
    shop.loop.tick()
    shop.loop.hurry.set()
    shop.loop.end()
    with shop.desk.db.write() as tx:
        campaign, run = campaigns.get(tx, model), shop_run(tx)
        for number in range(queued):
            one = replace(campaign, id=f"{model}{number}", name=f"c{number}", position=number + 10)
            campaigns.add(tx, one)
            runs.add(
                tx,
                replace(
                    run,
                    id=f"run_{number:016d}",
                    campaign_id=one.id,
                    seed=number + 10,
                    state="queued",
                    stage="queued",
                    pid=None,
                    boot_id=None,
                    start_ticks=None,
                ),
            )
        rows, stays = [], []
        for number in range(entries):
            genome = digest(str(number).encode())
            entry = Entry(
                candidate_id=f"cand_{genome[:20]}", environment="test", genome_hash=genome,
                behaviour_hash=genome, state="active", state_reason=None, episode=1, run_id=run.id,
                campaign_id=model, promoted_at="2026-01-01T00:00:00.000000Z",
                updated_at="2026-01-01T00:00:00.000000Z", provenance={}, metrics={}, artifacts={},
            ).sealed()  # fmt: skip
            texts = {key: canonical(getattr(entry, key)).decode() for key in hall._JSON}
            rows.append({**to_values(entry), **texts})
            stay = Episode(entry.candidate_id, 1, run.id, "look", entry.promoted_at)
            stays.append(to_values(stay))
            (shop.desk.workspace.hall / entry.candidate_id).mkdir()
        tx.execute(insert(tables.hall_entries), rows)
        tx.execute(insert(tables.hall_episodes), stays)


def shop_run(tx) -> runs.Run:  # type: ignore[no-untyped-def]
    """The run that the model campaign has."""
    return runs.find(tx, limit=1)[0]


def main() -> None:
    """Fill, close, come back, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--queued", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=10_000)
    given = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="omp-recovery-"))
    try:
        shop = Shop(root / "workspace", "generations=3,pause=0.2")
        fill(shop, given.queued, given.entries)
        shop.desk.db.close()
        began, cpu = time.monotonic(), time.process_time()
        shop.desk = open_desk(shop.root, operator="tester", clock=shop.clock)
        opened_s = time.monotonic() - began
        loop = shop.new_loop()
        loop.begin()
        begun_s = time.monotonic() - began
        loop.tick()
        recovery_s = time.monotonic() - began
        cpu_s = time.process_time() - cpu
        found = {
            "queued": given.queued, "entries": given.entries, "opened_s": round(opened_s, 3),
            "begun_s": round(begun_s, 3), "recovery_s": round(recovery_s, 3),
            "cpu_s": round(cpu_s, 3), "mining": loop._supervisor.busy, "cores": os.cpu_count(),
        }  # fmt: skip
        print(json.dumps(found), flush=True)
        loop.hurry.set()
        loop.end()
        shop.desk.db.close()
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
