"""What a ledger of a thousand million trials costs to charge and to ask; prints one JSON line.

    python -m tests.long.ledger_size [--runs 2500]

Each run has 400 generations of 1,000 genomes: 2,500 of them make 998 million trials. One run in
twenty mined a market that its seed made, as canaries do. Medians of CPU time.
"""

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from omp.app import open_desk
from omp.ops import ledger_pages, workspace
from omp.ops.desk import Desk
from omp.store import ledger, looks
from omp.wire.charges import Owed

GENERATIONS, GENOMES, BEHAVIOURS = 400, 1_000, 998
REAL = 5
"""Lineages that all but the canaries share."""
NOW = "2026-01-01T00:00:00.000000Z"


def lineage_of(run: int) -> str:
    """Every twentieth run has a lineage of its own."""
    return f"lin_{run % REAL:06d}" if run % 20 else f"lin_{REAL + run // 20:06d}"


def fill(path: Path, runs: int) -> None:
    """Write the rows as they would stand; the runs themselves are left out."""
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA foreign_keys = 0")
    raw.executemany(
        "INSERT INTO lineages (id, environment, venue, instruments, first, last, boundary,"
        " created_at) VALUES (?, ?, 'us', ?, '2010-01-01', '2020-01-01', '2017-01-01', ?)",
        [
            (f"lin_{i:06d}", "real" if i < REAL else "synthetic", f'["A{i}"]', NOW)
            for i in range(REAL + runs // 20 + 1)
        ],
    )
    for run in range(runs):
        raw.executemany(
            "INSERT INTO ledger (run_id, generation, lineage, attempt, genomes, behaviours,"
            " charged_at, row_hash) VALUES (?, ?, ?, 1, ?, ?, ?, ?)",
            [
                (f"run_{run:06d}", g, lineage_of(run), GENOMES, BEHAVIOURS, NOW, "0" * 64)
                for g in range(GENERATIONS)
            ],
        )
    raw.commit()
    raw.close()


def cpu_ms(what: Callable[[], object], rounds: int = 5) -> float:
    """Median CPU time of a call, milliseconds."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        what()
        taken.append(1e3 * (time.process_time() - began))
    return round(statistics.median(taken), 1)


def charge(desk: Desk) -> None:
    """Take over a whole run's charges, and let them go again: no run of that name is there."""
    owed = [Owed(g, GENOMES, BEHAVIOURS, 1) for g in range(GENERATIONS)]
    with desk.db.write() as tx:
        tx.exec_driver_sql("PRAGMA defer_foreign_keys = 1")
        tx.exec_driver_sql("SAVEPOINT before_it")
        ledger.ingest_charges(tx, run_id="run_new", lineage="lin_000001", owed=owed, now=NOW)
        tx.exec_driver_sql("ROLLBACK TO before_it")


def measure(runs: int) -> dict[str, object]:
    """The figures of a ledger of so many runs."""
    with tempfile.TemporaryDirectory(prefix="omp-ledger-") as folder:
        root = Path(folder) / "w"
        workspace.create(root, demo=False, idle=True)
        desk = open_desk(root, operator="bench")
        fill(root / "state" / "omp.db", runs)
        with desk.read() as tx:
            trials = ledger.trials_in(tx, None)
            figures = {
                "of_one_run_ms": cpu_ms(lambda: ledger.of_run(tx, "run_000101")),
                "of_one_lineage_ms": cpu_ms(lambda: ledger.trials_of_lineage(tx, "lin_000001")),
                "of_all_ms": cpu_ms(lambda: ledger.trials_in(tx, None)),
                "looks_ms": cpu_ms(lambda: looks.count_in(tx, None)),
            }
        figures["page_of_50_lineages_ms"] = cpu_ms(lambda: ledger_pages.lineages(desk, limit=50))
        figures["charge_400_generations_ms"] = cpu_ms(lambda: charge(desk))
        desk.db.close()
        size = (root / "state" / "omp.db").stat().st_size
    exact = trials == runs * GENERATIONS * BEHAVIOURS
    return {
        "measure": "ledger",
        "trials": trials,
        "rows": runs * GENERATIONS,
        "database_mb": round(size / 1e6),
        **figures,
        "ok": exact,
    }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=2_500)
    print(json.dumps(measure(options.parse_args().runs)))


if __name__ == "__main__":
    main()
