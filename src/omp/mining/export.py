"""`export-top`: the best candidates as tables for people and other programs."""

import csv
import io
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from omp.domain.durable import disk_room, write_durable
from omp.domain.errors import InvalidInput
from omp.mining.candidate_files import candidate_files, write_folder
from omp.mining.measure import Origin, measure
from omp.mining.opened import OpenRun
from omp.mining.run_evidence import court_of
from omp.wire.canonical import canonical
from omp.wire.rundir import CANDIDATE_FILES, write_folder_manifest

MOST = 10_000


def export_top(
    opened: OpenRun, top: int, *, may_go_on: Callable[[], None]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Write `exports/top_N.csv` and `.json`, and the folders of those that have none yet.

    Returns:
        The rows, best first, and the names of the folders that were written.

    Raises:
        InvalidInput: If `top` is not from 1 to 10,000.
    """
    if not 1 <= top <= MOST:
        raise InvalidInput(f"--top {top}", allowed=f"1 to {MOST}", remedy="give another number")
    rows = opened.best(top)
    year = opened.plan.panel.periods_per_year**0.5
    table = []
    for rank, one in enumerate(rows, start=1):
        record = asdict(one)
        record["sharpe_annual"] = one.sharpe * year
        record["sharpe_x_annual"] = one.sharpe_x * year
        table.append({"rank": rank, **record})
    written = _missing_folders(opened, top, may_go_on)
    folder = opened.run.exports
    with disk_room(folder):
        folder.mkdir(parents=True, exist_ok=True)
    document = {"schema_version": 1, "run_id": opened.manifest.run_id, "candidates": table}
    write_durable(folder / f"top_{top}.json", canonical(document))
    write_durable(folder / f"top_{top}.csv", _csv(table))
    return table, written


def _missing_folders(opened: OpenRun, top: int, may_go_on: Callable[[], None]) -> list[str]:
    missing = [
        row
        for row in opened.best(top)
        if any(
            not (opened.run.candidate(row.candidate_id) / name).is_file()
            for name in CANDIDATE_FILES
        )
    ]
    if not missing:
        return []
    court = court_of(opened.plan, opened.counts.distinct)
    for row in missing:
        may_go_on()
        strategy = opened.strategy(row)
        origin = Origin(row.generation, row.behaviour_hash)
        _, files = candidate_files(court.bench, strategy, measure(court, strategy, origin))
        folder = opened.run.candidate(row.candidate_id)
        write_folder(
            folder, {name: data for name, data in files.items() if not (folder / name).is_file()}
        )
        if f"hall_of_fame/{row.candidate_id}/strategy.toml" not in opened.manifest.files:
            write_folder_manifest(folder, files)
    return [row.candidate_id for row in missing]


def _csv(table: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    names = [name for name in table[0] if name != "strategy"] if table else ["rank"]
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in table:
        writer.writerow({k: repr(v) if isinstance(v, float) else v for k, v in row.items()})
    return text.getvalue().encode()
