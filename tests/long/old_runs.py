"""kill -9 while old runs are compressed, archived, binned and brought back: nothing is ever lost.

    python -m tests.long.old_runs --each 20 --seed 1

A process is forked on a copy of a workspace with finished runs. It compresses them, throws one away
and takes it back, deletes one for good, archives one, and archives another and brings it back. It
is killed at a fail-point or at any instant; then every file's content must be whole somewhere. A
second process goes on where the first died, and everything must be as if nothing had happened.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import zstandard
from tests.finished import FakeChildren, finish_run, make_candidates

from omp.app import open_desk
from omp.domain import failpoints
from omp.domain.failpoints import FAILPOINTS
from omp.ops import archive, promotion, run_moves, tiers, trash
from omp.ops import workspace as workspaces
from omp.ops.desk import Desk
from omp.store import journal, packing
from omp.store import runs as run_rows

POINTS = tuple(one for one in FAILPOINTS if one.startswith("retention."))
TIMED = "any instant"
RUNS = 5
Content = dict[str, bytes]


@dataclass
class Found:
    """What a campaign of kills came to."""

    hits: Counter[str] = field(default_factory=Counter)
    vain: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    checks: int = 0


def prepare(root: Path) -> list[str]:
    """A workspace with finished, refused runs; gives them, the oldest first."""
    workspaces.create(root, demo=False, idle=True, operator="tester")
    desk = open_desk(root, operator="tester")
    children, runs = FakeChildren(desk.workspace), []
    for number in range(RUNS):
        weak = make_candidates(1, tag=str(number), dsr=0.1)
        run_id = finish_run(desk, f"c{number}", population=200 + number, found=weak)
        promotion.advance(desk, run_id, children)
        runs.append(run_id)
    desk.db.close()
    return runs


def go_on(root: Path, cold: Path, runs: list[str]) -> None:
    """Do whatever of the program is not done yet."""
    packing.LEAST_BYTES = 200
    desk = open_desk(root, operator="tester")
    rules = replace(
        desk.settings.retention, keep_runs=1, compress_after_days=1e-9, archive_dir=str(cold)
    )
    limits = replace(desk.settings.limits, warn_disk_free_gb=0.0)
    desk = replace(desk, settings=replace(desk.settings, retention=rules, limits=limits))
    run_moves.settle_all(desk)
    packs = replace(rules, archive_after_days=0.0)
    tiers.work(replace(desk, settings=replace(desk.settings, retention=packs)))
    back, gone, away, returned = runs[:4]
    done = _done(desk)
    steps: tuple[tuple[str, str, Callable[[], object]], ...] = (
        (back, "retention.trashed", lambda: trash.put_away(desk, {back: 1}, {})),
        (back, "retention.undeleted", lambda: trash.undelete(desk, back)),
        (gone, "retention.trashed", lambda: trash.put_away(desk, {gone: 1}, {})),
        (gone, "retention.deleted", lambda: trash.empty(desk, why="a test", now=True)),
        (away, "retention.archived", lambda: _store(desk, away)),
        (returned, "retention.archived", lambda: _store(desk, returned)),
        (returned, "retention.restored", lambda: archive.restore(desk, returned)),
    )
    for run_id, kind, step in steps:
        if (run_id, kind) not in done:
            step()
    desk.db.close()


def _store(desk: Desk, run_id: str) -> None:
    home = archive.opened(desk)
    assert home is not None
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
    archive.store(desk, run, home)


def _done(desk: Desk) -> set[tuple[str, str]]:
    with desk.read() as tx:
        records = journal.records(tx, limit=10_000)
    return {
        (str(one), record.kind)
        for record in records
        if record.kind.startswith("retention.")
        for one in record.payload.get("runs", ())
    }


# --- what must be true, by other means than the product's -----------------------------------------


def content(folder: Path) -> Content:
    """Every file by the name and with the bytes it had when it was mined."""
    found: Content = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or path.name.startswith("."):
            continue
        if name.endswith(".zst"):
            packed = zstandard.ZstdDecompressor().decompress(path.read_bytes())
            found.setdefault(name.removesuffix(".zst"), packed)
        else:
            found[name] = path.read_bytes()
    return found


def copies(root: Path, cold: Path, run_id: str) -> dict[str, Content]:
    """Where a run lies, and what is in it."""
    places = {"here": root / "output" / "scg", "trashed": root / "output" / "trash",
              "archived": cold}  # fmt: skip
    return {
        name: content(place / run_id) for name, place in places.items() if (place / run_id).is_dir()
    }


def told(root: Path) -> tuple[dict[str, str], Counter[tuple[str, str]]]:
    """Where the record says that each run is, and how often each record names it."""
    db = sqlite3.connect(f"file:{root}/state/omp.db?mode=ro", uri=True)
    try:
        places = dict(db.execute("SELECT id, place FROM v_runs").fetchall())
        query = "SELECT kind, payload FROM v_journal WHERE kind LIKE 'retention.%'"
        named = Counter(
            (kind, one)
            for kind, payload in db.execute(query)
            for one in json.loads(payload).get("runs", ())
        )
    finally:
        db.close()
    return places, named


def lost(root: Path, cold: Path, before: dict[str, Content]) -> list[str]:
    """Runs that are not whole anywhere, though nobody was told that they were deleted."""
    _, named = told(root)
    return [
        f"{run_id} is whole nowhere"
        for run_id, mined in before.items()
        if ("retention.deleted", run_id) not in named
        and mined not in copies(root, cold, run_id).values()
    ]


def wrong(root: Path, cold: Path, runs: list[str], before: dict[str, Content]) -> list[str]:
    """What is not as it must be at the end."""
    places, named = told(root)
    back, gone, away, returned, last = runs
    expected = {back: "here", gone: "deleted", away: "archived", returned: "here", last: "here"}
    found = [f"{one} is {places[one]}, not {want}" for one, want in expected.items()
             if places[one] != want]  # fmt: skip
    for run_id, want in expected.items():
        there = copies(root, cold, run_id)
        if set(there) != ({want} - {"deleted"}):
            found.append(f"{run_id} lies in {sorted(there)}, and is {want}")
        found += [f"{run_id} was changed in {name}" for name, one in there.items()
                  if one != before[run_id]]  # fmt: skip
    found += [f"{kind} of {one} was told {count} times" for (kind, one), count in named.items()
              if count != 1]  # fmt: skip
    for folder in (root / "output" / "scg" / ".trash", root / "output" / "trash",
                   root / "output" / "incoming", cold / "incoming", cold / ".trash"):  # fmt: skip
        if folder.is_dir():
            found += [f"{one} was left" for one in folder.glob("run_*")]
    halves = (*(root / "output").rglob("*.part"), *cold.rglob("*.part"))
    found += [f"{one} was left" for one in halves]
    plain = list((root / "output" / "scg" / back).rglob("evidence.json"))
    return found + ["it was never compressed"] * bool(plain)


# --- the campaign ---------------------------------------------------------------------------------


def fork(work: Callable[[], None], point: str = "", after_s: float | None = None) -> int:
    """Do something in a process of its own; gives how it ended, as waitpid does."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            failpoints._left.clear()
            failpoints._left.update(failpoints._armed(point))
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - the child must never return into the driver
            traceback.print_exc()
        finally:
            os._exit(code)
    if after_s is not None:
        time.sleep(after_s)
        os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def shoot(template: Path, folder: Path, runs: list[str], point: str, found: Found,
          after_s: float | None = None) -> None:  # fmt: skip
    """One kill, and the way back."""
    root, cold = folder / "workspace", folder / "cold"
    shutil.copytree(template, root)
    before = {one: content(root / "output" / "scg" / one) for one in runs}
    armed = "" if point.partition(":")[0] == TIMED else point
    status = fork(lambda: go_on(root, cold, runs), armed, after_s)
    name = point.partition(":")[0]
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    (found.hits if killed else found.vain)[name] += 1
    faults = lost(root, cold, before)
    status = fork(lambda: go_on(root, cold, runs))
    faults += ["it could not go on"] if status else wrong(root, cold, runs, before)
    found.checks += 2
    found.violations += [f"after {point}: {one}" for one in faults]
    shutil.rmtree(folder)


def campaign(folder: Path, *, each: int, timed: int, seed: int) -> Found:
    """So many kills at each point, and so many at any instant."""
    chance, found, template = random.Random(seed), Found(), folder / "template"
    runs: list[str] = []
    pipe, end = os.pipe()
    status = fork(lambda: _tell(end, prepare(template)))
    assert status == 0
    os.close(end)
    with os.fdopen(pipe) as lines:
        runs = json.load(lines)
    for number in range(each):
        for point in POINTS:
            nth = f"{point}:{1 + number % 2}" if point in TWICE else point
            shoot(template, folder / "shot", runs, nth, found)
    for _ in range(timed):
        shoot(template, folder / "shot", runs, TIMED, found, chance.uniform(0.02, 0.25))
    return found


TWICE = ("retention.packed", "retention.pack_placed", "retention.copied", "retention.copy_placed")
"""Points that are passed several times: every other kill comes at the second."""


def _tell(end: int, runs: list[str]) -> None:
    with os.fdopen(end, "w") as lines:
        json.dump(runs, lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=20, help="kills at each fail-point")
    parser.add_argument("--timed", type=int, default=100, help="kills at any instant")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder, began = Path(tempfile.mkdtemp(prefix="omp-old-runs-")), time.monotonic()
    found = campaign(folder, each=options.each, timed=options.timed, seed=options.seed)
    shutil.rmtree(folder, ignore_errors=True)
    missed = [one for one in POINTS if found.hits[one] < options.each]
    figures = {
        "campaign": "old_runs",
        "kills": sum(found.hits.values()),
        "hits": dict(sorted(found.hits.items())),
        "vain": dict(sorted(found.vain.items())),
        "checks": found.checks,
        "violations": len(found.violations),
        "seconds": round(time.monotonic() - began),
        "ok": not found.violations and not missed,
    }
    for one in found.violations[:20]:
        print(f"VIOLATION {one}", file=sys.stderr)
    print(json.dumps(figures))
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
