"""kill -9 at every fail-point and at any instant; after every restart the checker looks.

    python -m tests.long.crash --kills 1000 --seed 1

Half of the kills come while the built-in engine mines, half on the minimal engine with promotions
and a mirror. A kill that found no hit (the fail-point was not passed) is not counted.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apprise  # noqa: F401 - a second to load, which the forked daemons are spared
from tests.desks import write_campaign
from tests.finished import publish
from tests.long.checker import Checker, Violation, _workers
from tests.long.daemons import REAL_POINTS, Forked, fork_daemon
from tests.long.pattern import write_pattern
from tests.servers.postgres import Server, _account, programs

from omp.app import open_desk
from omp.daemon.loop import Loop
from omp.daemon.tree_kill import kill_tree
from omp.domain.failpoints import FAILPOINTS
from omp.ops import miner, queue
from omp.ops import workspace as workspaces
from omp.ops.desk import Desk

MIRROR, ALERTS = "NEON_DATABASE_URL", "OMP_ALERT_URLS"
TIMED = "any instant"
SETTINGS = """\
[loop]
interval_s = 0.5
[limits]
max_cpu_util_pct = 100.0
error_burst = 1000
[alerts]
min_severity = "SEV-2"
budget_per_hour = 1000
"""
REAL = """\
[campaign]
name = "real"
market = "synthetic"
timeframe = "1d"

[data]
source = "synthetic:null"

[search]
population = 2000
generations = 14
seeds = { first = 5, step = 1 }
workers = 1
indicators = ["momentum"]
"""
ELSEWHERE = ("mine.", "retention.")
"""Points of the engine, which has its own half, and of old runs, which have their own program."""

DAEMON_POINTS = tuple(one for one in FAILPOINTS if not one.startswith(ELSEWHERE))
PROVOKED: dict[str, str] = {"outbox.": "sync", "alert.": "alarm"}
"""Points that are passed when the daemon is told a word; the others are passed by themselves."""

UNSURE = "(you may have received this already)"
TRIES = 4
"""A point that was not passed in time is tried so often."""

ENGINE_POINTS = tuple(one.partition(":")[0] for one in REAL_POINTS)
RUN_SHARE = 0.06
RUN_POINTS = ("run.claimed", "run.launched", "run.proven", "run.closed")
PER_WORKSPACE = 80
SETTLE_S = 200.0
STOP = threading.Event()
"""Set by TERM: the kill under way is the last, then what was found is told."""


@dataclass
class Tally:
    """What a campaign of kills came to."""

    hits: Counter[str] = field(default_factory=Counter)
    vain: Counter[str] = field(default_factory=Counter)
    checks: int = 0
    violations: list[str] = field(default_factory=list)
    entries: int = 0
    runs: int = 0
    alerts: int = 0
    seconds: float = 0.0
    slowest_recovery_s: float = 0.0

    def note(self, found: list[Violation], where: str) -> None:
        self.checks += 1
        for one in found:
            self.violations.append(f"after {where}: {one}")
            print(f"VIOLATION after {where}: {one}", file=sys.stderr, flush=True)

    def add(self, other: "Tally") -> None:
        self.hits += other.hits
        self.vain += other.vain
        self.checks += other.checks
        self.violations += other.violations
        self.entries += other.entries
        self.runs += other.runs
        self.seconds += other.seconds
        self.alerts += other.alerts
        self.slowest_recovery_s = max(self.slowest_recovery_s, other.slowest_recovery_s)


def prepare_workspace(root: Path, home: Path, *, real: bool) -> None:
    """A workspace whose one campaign is queued again and again."""
    workspaces.create(root, demo=False)
    (root / "dashboard" / "omp_config.toml").write_text(SETTINGS)
    desk = open_desk(root, operator="tester")
    if real:
        (root / "configs" / "campaigns" / "real.toml").write_text(REAL)
        queue.add(desk, name="real", config_path="configs/campaigns/real.toml", repeat=True)
    else:
        publish(desk)
        path = write_campaign(root, "small")
        added = queue.add(desk, name="small", config_path=path, repeat=True)
        write_pattern(desk, home, added.id)
    desk.db.close()


@dataclass
class Stage:
    """A workspace under fire, with its checker."""

    root: Path
    home: Path
    url: str | None
    real: bool
    tally: Tally

    def __post_init__(self) -> None:
        self.last: Forked | None = None
        self.told = self.root.parent / "told.ndjson"
        outside = self.root.parent / "outside"
        outside.mkdir(exist_ok=True)
        (outside / "precious").write_text("do not touch")
        self.checker = Checker(self.root, mirror=self.url, outside=(outside,), ownerless_s=60)
        self.spoilt: set[tuple[str, int]] = set()
        os.environ[MIRROR] = self.url or ""

    def daemon(self, after: str) -> Forked:
        """Start a daemon, wait until it has recovered, and look."""
        began = time.monotonic()
        environment = {"KILL_REAL": "1"} if self.real else {"OMP_SMALL_PAUSE_S": "0.5"}
        daemon = fork_daemon(self.root, self.home, self.root.parent / "daemon.log", environment)
        self.last = daemon
        if not daemon.until_ready():
            self.tally.violations.append(f"after {after}: the daemon did not come up")
        took = time.monotonic() - began
        self.tally.slowest_recovery_s = max(self.tally.slowest_recovery_s, took)
        self.tally.note(self.checker.check(), after)
        return daemon

    def shoot(self, point: str, chance: random.Random, limit_s: float) -> bool:
        """One kill, at a fail-point or at any instant; whether it counts."""
        daemon = self.daemon(point)
        word = next((one for start, one in PROVOKED.items() if point.startswith(start)), None)
        if point == TIMED:
            time.sleep(chance.uniform(0.0, 0.25))
            busy = bool(_workers(self.root))
            counted = daemon.kill() and (busy or not self.real)
        else:
            daemon.tell(f"arm {point}")
            deadline = time.monotonic() + limit_s
            while not daemon.over(0.25) and time.monotonic() < deadline:
                if word:
                    daemon.tell(word)
            counted = daemon.was_killed
            if not counted and daemon.kill() and self.real and _workers(self.root):
                self.tally.hits[TIMED] += 1  # it fell all the same, while the engine mined
            elif point in ("run.claimed", "run.launched"):
                self._spoil()
        if not daemon.was_killed:
            self.tally.violations.append(f"at {point}: the daemon died by itself, {daemon.status}")
        (self.tally.hits if counted else self.tally.vain)[point] += 1
        if sum(self.tally.hits.values()) % 50 == 0:
            print(f"{sum(self.tally.hits.values())} kills", file=sys.stderr, flush=True)
        return counted

    def _spoil(self) -> None:
        with _reading(self.root) as db:
            query = "SELECT id, attempt FROM v_runs WHERE state = 'running'"
            self.spoilt.update(db.execute(query).fetchall())

    def settle(self) -> None:
        """A last daemon that is left in peace; nothing may be under way when it is done."""
        daemon = fork_daemon(
            self.root, self.home, self.root.parent / "daemon.log", prepare=_stop_mining
        )
        daemon.until_ready()
        deadline = time.monotonic() + SETTLE_S
        while self._under_way() and time.monotonic() < deadline:
            daemon.tell("sync")
            time.sleep(1.0)
        self.tally.note(self.checker.check(settled=True), "the last restart")
        daemon.end()
        self.tally.note([*self.checker.check(settled=True), *self._untold()], "the end")
        with _reading(self.root) as db:
            self.tally.entries += db.execute("SELECT count(*) FROM v_hall").fetchone()[0]
            self.tally.runs += db.execute("SELECT count(*) FROM v_runs").fetchone()[0]
            if self.real:
                self._count_engine_kills(db, self.tally)

    def _untold(self) -> list[Violation]:
        """Alerts that nobody received, or somebody twice without being told so."""
        lines = self.told.read_text().splitlines() if self.told.exists() else []
        sent = [json.loads(one) for one in lines]
        found: list[Violation] = []
        with _reading(self.root) as db:
            rows = db.execute("SELECT incident_id, kind, state FROM alerts").fetchall()
        for name, kind, state in rows if os.environ.get(ALERTS) else ():
            self.tally.alerts += 1
            of_it = [one for one in sent if name in one["title"] + one["message"]]
            plain = [one for one in of_it if UNSURE not in one["message"]]
            if state != "sent" or not of_it:
                found.append(Violation("I1", f"the alert {kind} of {name} is {state}, not told"))
            if len(plain) > sum(1 for other in rows if other[0] == name):
                found.append(Violation("I2", f"the alert of {name} was told twice"))
        return found

    def _under_way(self) -> bool:
        with _reading(self.root) as db:
            if os.environ.get(ALERTS):
                late = "SELECT count(*) FROM alerts WHERE state <> 'sent'"
                if db.execute(late).fetchone()[0]:
                    return True
            waits = "SELECT count(*) FROM v_runs WHERE state = 'running' OR outcome = 'pending'"
            (runs,) = db.execute(waits).fetchone()
            late = "SELECT count(*) FROM v_outbox WHERE delivered_at IS NULL"
            (parcels,) = db.execute(late).fetchone()
        return bool(runs) or (bool(parcels) and self.url is not None)

    def _count_engine_kills(self, db: sqlite3.Connection, tally: Tally) -> None:
        """Attempts of the built-in engine that ended at the fail-point they were started with."""
        query = "SELECT subject, payload FROM v_journal WHERE kind = 'run.interrupted'"
        for run_id, payload in db.execute(query):
            told = json.loads(payload)
            attempt = int(told["attempt"])
            gone = "SIGKILL" in told["cause"] or "was gone" in told["cause"]
            if gone and attempt <= len(REAL_POINTS) and (run_id, attempt) not in self.spoilt:
                tally.hits[REAL_POINTS[attempt - 1].partition(":")[0]] += 1

    def enough(self, kills: int, each: int) -> bool:
        """Whether the kills are done, and the engine was killed often enough at its own points."""
        found = Tally(hits=Counter(self.tally.hits))
        with _reading(self.root) as db:
            self._count_engine_kills(db, found)
        engine = min(found.hits[one.partition(":")[0]] for one in REAL_POINTS)
        return sum(found.hits.values()) >= kills and engine >= each

    def close(self) -> None:
        """Leave no process behind."""
        if self.last is not None:
            self.last.kill()
        for _, run_id in _workers(self.root):
            kill_tree(run_id)


def _stop_mining(desk: Desk, _loop: Loop) -> None:
    miner.want(desk, "stop", reason="the campaign of kills is over")


@contextmanager
def _reading(root: Path) -> Iterator[sqlite3.Connection]:
    """The record, open for a moment: nothing may be open when a daemon is forked."""
    db = sqlite3.connect(f"file:{root}/state/omp.db?mode=ro", uri=True, timeout=20)
    try:
        yield db
    finally:
        db.close()


@contextmanager
def receiver(told: Path) -> Iterator[None]:
    """Somebody to be told of incidents."""
    program = Path(__file__).with_name("receiver.py")
    command = [sys.executable, "-S", str(program), str(told)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as popen:
        assert popen.stdout is not None
        os.environ[ALERTS] = f"json://127.0.0.1:{int(popen.stdout.readline())}"
        try:
            yield
        finally:
            os.environ[ALERTS] = ""
            popen.kill()


@contextmanager
def postgres() -> Iterator[Server | None]:
    """A server for the mirror; None, loudly, where there is none."""
    found = programs()
    if found is None:
        print("NO POSTGRESQL: the mirror's fail-points are not reached", file=sys.stderr)
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="omp-pg-"))
    server = Server(folder, found, _account())
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def small_half(folder: Path, kills: int, seed: int, *, each: int, url: str | None = None) -> Tally:
    """Kills on the minimal engine, with its promotions and deliveries."""
    chance, tally, began = random.Random(seed), Tally(), time.monotonic()
    with postgres() as server:
        wanted = [one for one in DAEMON_POINTS if server or not one.startswith("outbox.")] * each
        wanted += [TIMED] * max(0, kills - len(wanted))
        chance.shuffle(wanted)
        for number, start in enumerate(range(0, len(wanted), PER_WORKSPACE)):
            place = folder / f"small-{number}"
            place.mkdir()
            root, home = place / "workspace", place / "pattern"
            prepare_workspace(root, home, real=False)
            stage = Stage(root, home, server.new_database() if server else None, False, tally)
            with receiver(stage.told):
                try:
                    for point in wanted[start : start + PER_WORKSPACE]:
                        for _ in range(TRIES):
                            if STOP.is_set() or stage.shoot(point, chance, 30.0):
                                break
                    stage.settle()
                finally:
                    stage.close()
            if tally.violations or STOP.is_set():
                print(f"kept for a look: {place}", file=sys.stderr, flush=True)
                break
            shutil.rmtree(place)
    tally.seconds = time.monotonic() - began
    return tally


def real_half(folder: Path, kills: int, seed: int, *, each: int) -> Tally:
    """Kills while the built-in engine mines: of the daemon, and of the engine at its own points."""
    chance, tally, began = random.Random(seed), Tally(), time.monotonic()
    place = Path(tempfile.mkdtemp(prefix="real-", dir=folder))
    root = place / "workspace"
    prepare_workspace(root, place / "pattern", real=True)
    stage = Stage(root, place / "pattern", None, True, tally)
    try:
        for number in range(8 * kills):
            if STOP.is_set() or (number % 20 == 0 and stage.enough(kills, each)):
                break
            point = chance.choice(RUN_POINTS) if chance.random() < RUN_SHARE else TIMED
            stage.shoot(point, chance, 4.0)
        stage.settle()
    finally:
        stage.close()
    tally.seconds = time.monotonic() - began
    return tally


def report(tally: Tally, points: Collection[str], *, kills: int, each: int) -> dict[str, object]:
    """The one line of figures.

    Args:
        points: Those that had to be hit.
        kills: How many were asked for.
        each: How often each point had to be hit.
    """
    rare = sorted(one for one in points if tally.hits[one] < each)
    return {
        "campaign": "crash",
        "kills": sum(tally.hits.values()),
        "hits": dict(sorted(tally.hits.items())),
        "vain": dict(sorted(tally.vain.items())),
        "checks": tally.checks,
        "violations": len(tally.violations),
        "runs": tally.runs,
        "hall_entries": tally.entries,
        "alerts": tally.alerts,
        "slowest_recovery_s": round(tally.slowest_recovery_s, 2),
        "seconds": round(tally.seconds),
        "hit_too_rarely": rare,
        "ok": not tally.violations and not rare and sum(tally.hits.values()) >= kills,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--each", type=int, default=20, help="least hits of a fail-point")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", choices=("small", "real", "both"), default="both")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: STOP.set())
    half = options.kills // 2 if options.half == "both" else options.kills
    folder = Path(tempfile.mkdtemp(prefix="omp-crash-"))
    whole = Tally()
    try:
        if options.half != "real":
            whole.add(small_half(folder, half, options.seed, each=options.each))
        if options.half != "small":
            whole.add(real_half(folder, half, options.seed + 1, each=options.each))
    finally:
        if not whole.violations:
            shutil.rmtree(folder, ignore_errors=True)
    halves = {"small": DAEMON_POINTS, "real": ENGINE_POINTS}
    wanted = [of_it for name, of_it in halves.items() if options.half in (name, "both")]
    points = [one for of_it in wanted for one in of_it]
    if programs() is None:
        points = [one for one in points if not one.startswith("outbox.")]
    figures = report(whole, points, kills=options.kills, each=options.each)
    print(json.dumps(figures))
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
