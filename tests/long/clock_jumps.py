"""Somebody sets the date while the daemon works: nothing is blamed, nothing is done twice.

    python -m tests.long.clock_jumps      (needs a C compiler)

The shim of `tests/shims` adds seconds to the date of the daemon and its children; the clocks that
only count are left alone. The minimal engine mines meanwhile, backups go by the date.
"""

import argparse
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.long.checker import Checker, _workers
from tests.long.crash import ALERTS, MIRROR, Stage, Tally, prepare_workspace
from tests.long.daemons import Forked, fork_daemon
from tests.shims.preload import DATE, begin_anew, compiled, possible

HOUR, DAY = 3600, 86_400
LIMIT_S = 20.0
STUCK_S = 3.0
SETTINGS = """
stuck_after_min = {stuck}
[backup]
every_h = 2
"""


@dataclass(frozen=True)
class Jump:
    """A date that is set.

    Args:
        to_s: How far from the true one it stands then, seconds.
        while_down: It is set while no daemon is there.
        backups: How many backups fall due by it.
    """

    to_s: int
    while_down: bool = False
    backups: int = 0


JUMPS: dict[str, Jump] = {
    "forward a day": Jump(DAY, backups=1),
    "back an hour": Jump(DAY - HOUR),
    "forward an hour": Jump(DAY),
    "back before the first record": Jump(-30 * DAY, backups=1),
    "forward a day while no daemon is there": Jump(-29 * DAY, while_down=True, backups=1),
    "back an hour while no daemon is there": Jump(-29 * DAY - HOUR, while_down=True),
    "back to the true date": Jump(0, backups=1),
}


@dataclass
class Scene:
    """One workspace, whose date is set again and again."""

    folder: Path
    violations: list[str] = field(default_factory=list)
    backups: int = 1
    date_s: float = 0

    def __post_init__(self) -> None:
        self.root, self.home = self.folder / "workspace", self.folder / "pattern"
        self.date = self.folder / "date"
        self.date.write_text("0")
        prepare_workspace(self.root, self.home, real=False)
        config = self.root / "dashboard" / "omp_config.toml"
        text = config.read_text().replace(
            "[alerts]", SETTINGS.format(stuck=STUCK_S / 60) + "[alerts]"
        )
        config.write_text(text)
        self.checker = Checker(self.root, ownerless_s=60)
        self.daemon = self.up()

    def up(self) -> Forked:
        environment = {"OMP_SMALL_PAUSE_S": "1.5"}
        daemon = fork_daemon(
            self.root, self.home, self.folder / "daemon.log", environment,
            preloaded={DATE: str(self.date)},
        )  # fmt: skip
        if not daemon.until_ready():
            self.violations.append("the daemon did not come up")
        return daemon

    def ask(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.root}/state/omp.db?mode=ro", uri=True)) as db:
            return db.execute(query).fetchall()

    def count(self, query: str) -> int:
        return len(self.ask(f"SELECT 1 FROM {query}"))  # noqa: S608 - ours

    def until(self, reached: Any, what: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not reached():
            if time.monotonic() > deadline:
                self.violations.append(f"never came: {what}")
                return
            time.sleep(0.05)

    def set(self, name: str, jump: Jump) -> None:
        """Set the date in the middle of a run, and see the run to its end."""
        running = "SELECT id, attempt FROM v_runs WHERE state = 'running' AND pid IS NOT NULL"
        self.until(lambda: _workers(self.root) and self.ask(running), "a child at work")
        ((run_id, attempt),) = self.ask(running) or [("", 0)]
        gaps = self.count("v_journal WHERE kind = 'machine.gap'")
        done = self.count("v_runs WHERE state = 'completed'")
        if jump.while_down:
            self.daemon.kill()
        fresh = self.date.with_name("date.new")
        fresh.write_text(str(jump.to_s))
        fresh.replace(self.date)  # at once: a half-written date would be a jump of its own
        if jump.while_down:
            self.daemon = self.up()
        self.until(lambda: self.count("v_journal WHERE kind = 'machine.gap'") > gaps, "the gap")
        told = self.ask("SELECT payload FROM v_journal WHERE kind = 'machine.gap' ORDER BY seq")
        seen = [json.loads(one)["jumped_s"] for (one,) in told[gaps:]]
        if [round(one) for one in seen] != [jump.to_s - self.date_s]:
            self.violations.append(f"{name}: {jump.to_s - self.date_s} s were told as {seen}")
        self.date_s = self.checker.ahead_s = jump.to_s
        self.until(
            lambda: self.count("v_runs WHERE state = 'completed'") > done + 1, "work goes on"
        )
        ended = self.ask(f"SELECT state, attempt FROM v_runs WHERE id = '{run_id}'")  # noqa: S608
        if run_id and ended != [("completed", attempt)]:
            self.violations.append(f"{name}: the run under way is {ended}, it was at {attempt}")
        self.backups += jump.backups
        for _ in range(3):
            self.daemon.tell("upkeep")
            time.sleep(0.1)
        self.until(lambda: self.made() >= self.backups, "the backup that fell due")
        if self.made() != self.backups:
            self.violations.append(f"{name}: {self.made()} backups, {self.backups} fell due")
        self.violations += [f"{name}: {one}" for one in self.checker.check()]

    def made(self) -> int:
        return self.count("v_journal WHERE kind = 'backup.made'")

    def waits(self) -> None:
        """No campaign waits longer because the date was set back, and none was ended as stuck."""
        for (cause,) in self.ask("SELECT cause FROM v_runs WHERE state = 'failed'"):
            self.violations.append(f"a run failed: {cause}")
        for fingerprint, summary in self.ask("SELECT fingerprint, summary FROM v_incidents"):
            self.violations.append(f"an incident was opened: {fingerprint}: {summary}")

    def end(self) -> None:
        self.daemon.end()
        self.violations += [f"at the end: {one}" for one in self.checker.check()]
        Stage(self.root, self.home, None, False, Tally()).close()


def campaign(folder: Path) -> dict[str, object]:
    """Every jump in turn; gives the figures."""
    os.environ[MIRROR] = os.environ[ALERTS] = ""
    began, scene = time.monotonic(), Scene(folder)
    try:
        scene.daemon.tell("upkeep")
        scene.until(lambda: scene.made() == 1, "the first backup")
        for name, jump in JUMPS.items():
            scene.set(name, jump)
            print(name, scene.violations, file=sys.stderr, flush=True)
        scene.waits()
    finally:
        scene.end()
    return {
        "campaign": "clock_jumps",
        "jumps": len(JUMPS),
        "runs": scene.count("v_runs WHERE state = 'completed'"),
        "backups": scene.made(),
        "violations": scene.violations,
        "seconds": round(time.monotonic() - began),
        "ok": not scene.violations,
    }


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    if why := possible():
        print(json.dumps({"campaign": "clock_jumps", "skipped": why, "ok": True}))
        return 0
    if "OMP_SHIM" not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="omp-clocks-"))
        os.environ["OMP_SHIM"] = str(folder)
        begin_anew("tests.long.clock_jumps", compiled(folder))
    folder = Path(os.environ["OMP_SHIM"])
    figures = campaign(folder)
    if figures["ok"]:
        shutil.rmtree(folder)
    print(json.dumps(figures))
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
