"""A disk that refuses, row by row: what was acknowledged stands, it is told, and work goes on.

    python -m tests.long.io_faults [NAME ...]      (needs a C compiler)

The real daemon works on the minimal engine while chosen calls on chosen files fail (`tests/shims`).
Then the disk is sound again, and the same daemon, or the next where it had to end, must go on; the
checker looks during and after. A fault that was never met is a failure of the row.
"""

import argparse
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.long.checker import Checker
from tests.long.crash import ALERTS, MIRROR, Stage, Tally, _stop_mining, prepare_workspace
from tests.long.daemons import Forked, fork_daemon
from tests.shims.preload import FAULTS, begin_anew, compiled, possible

EIO, ENOSPC, EDQUOT = 5, 28, 122
MEET_S, LASTS_S, BACK_S = 12.0, 1.2, 25.0
DB, WAL, ANCHOR = "state/omp.db", "state/omp.db-wal", "state/.anchor"
REFUSED, FULL = "the disk refused", "no room"
RESERVE = "I12"
"""Not asked for while the disk is said to be full: it pays for the last records then."""


@dataclass(frozen=True)
class Fault:
    """What fails, and what people are told.

    Args:
        rules: Lines for the shim.
        told: What the summary of an incident must match; empty where work just goes on.
        quick: It is part of `./test`.
        word: What the daemon is told, so that it comes to the place.
        at_start: It is there before the daemon comes up.
    """

    rules: tuple[str, ...]
    told: str = ""
    quick: bool = False
    word: str = ""
    at_start: bool = False


ROWS: dict[str, Fault] = {
    "a commit is not synced, once": Fault((f"sync {EIO} {WAL} 2 1",), REFUSED, quick=True),
    "no commit is synced": Fault((f"sync {EIO} {WAL} 0 0",), REFUSED),
    "a commit is not written": Fault((f"write {EIO} {WAL} 3 1",), REFUSED),
    "the record has no room": Fault((f"write {ENOSPC} {WAL} 0 0",), FULL, quick=True),
    "the record is beyond its quota": Fault((f"write {EDQUOT} {WAL} 0 0",), REFUSED),
    "half of a page is written": Fault((f"write short {WAL} 2 0",), FULL),
    "a write is done by halves": Fault((f"write half {WAL} 0 0",)),
    "the record is slow": Fault((f"sync m200 {WAL} 0 0",)),
    "the record cannot be read": Fault((f"sync {EIO} {WAL} 0 0", f"read {EIO} {DB} 0 0"), REFUSED),
    "the anchor cannot be written": Fault((f"write {EIO} {ANCHOR} 0 0",), REFUSED, quick=True),
    "the anchor has no room": Fault((f"write {ENOSPC} {ANCHOR} 0 0",), FULL),
    "the anchor is not synced": Fault((f"sync {EIO} {ANCHOR} 0 0",), REFUSED),
    "the anchor is not renamed": Fault((f"rename {EIO} state/anchor 0 0",), REFUSED),
    "an entry's file is not synced": Fault((f"sync {EIO} .staging 3 2",), REFUSED, quick=True),
    "an entry has no room": Fault((f"write {ENOSPC} .staging 3 0",), FULL),
    "an entry is beyond its quota": Fault((f"write {EDQUOT} .staging 3 0",), FULL),
    "an entry is not moved to its place": Fault(
        (f"rename {EIO} artifacts/hall_of_fame/.staging 0 1",), REFUSED
    ),
    "an entry's place is not synced": Fault((f"sync {EIO} artifacts/hall_of_fame 40 4",), REFUSED),
    "an entry's file is not closed": Fault((f"close {EIO} .staging 1 1",), REFUSED),
    "the grant of a look is not written": Fault((f"write {EIO} .grant.json 0 1",), REFUSED),
    "the queue file cannot be written": Fault(
        (f"write {EIO} .campaign_queue 0 0",), REFUSED, quick=True, word="queue"
    ),
    "the queue file has no room": Fault(
        (f"write {ENOSPC} .campaign_queue 0 0",), FULL, word="queue"
    ),
    "the configuration cannot be read": Fault(
        (f"read {EIO} omp_config.toml 0 0",), "configuration cannot be read"
    ),
    "a run's folder cannot be written": Fault(
        (f"write {EIO} .campaign.toml 0 0",), REFUSED, quick=True
    ),
    "a run's charge is not synced": Fault((f"sync {EIO} charges.ndjson 0 2",)),
    "a run's evidence has no room": Fault((f"write {ENOSPC} /.evidence.json 0 1",)),
    "the reserve cannot be kept": Fault((f"alloc {ENOSPC} state/reserve 0 0",), at_start=True),
    "the daemon cannot say who it is": Fault((f"write {ENOSPC} .daemon.json 0 1",), at_start=True),
    "a backup has no room": Fault((f"write {ENOSPC} backups/ 4 0",), FULL, word="backup"),
    "a backup is not synced": Fault((f"sync {EIO} backups/ 0 0",), REFUSED, word="backup"),
}  # fmt: skip


@dataclass
class Found:
    """What a row came to."""

    faults: int = 0
    restarts: int = 0
    back_s: float = 0.0
    told: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


class Row:
    """One fault, on a fresh workspace."""

    def __init__(self, folder: Path, name: str) -> None:
        self.fault, self.folder, self.found = ROWS[name], folder, Found(restarts=-1)
        self.root, self.home = folder / "workspace", folder.parent / "pattern"
        shutil.copytree(folder.parent / "template", self.root)
        if self.fault.at_start:
            (self.root / "state" / "reserve").unlink()
        self.rules = folder / "rules"
        self.rules.write_text("")
        self.checker = Checker(self.root, ownerless_s=60)
        self.daemon: Forked | None = None

    def run(self) -> Found:
        if self.fault.at_start:
            self._break()
            self._up()
        elif not self._mined(1):
            self._say("nothing was mined before the fault")
        else:
            self._break()
        self._meet()
        self._look(while_it_lasts=True)
        self.rules.write_text("")
        began = time.monotonic()
        if not self._mined(self._entries() + 2):
            self._say("no work was done after the fault")
        self.found.back_s = round(time.monotonic() - began, 1)
        self._end()
        if not self._met():
            self._say("the fault was never met")
        told = self._ask("SELECT fingerprint, severity, summary FROM v_incidents")
        self.found.faults = len(self._met())
        self.found.told = [" | ".join(map(str, one)) for one in told]
        if self.fault.told and not any(re.search(self.fault.told, one) for one in self.found.told):
            self._say(f"nobody was told of it: {self.found.told}")
        return self.found

    def _say(self, violation: str) -> None:
        self.found.violations.append(violation)

    def _break(self) -> None:
        self.rules.write_text("\n".join(self.fault.rules) + "\n")

    def _up(self, prepare: Any = None) -> Forked:
        """The daemon, started if there is none."""
        if self.daemon is None or self.daemon.over(0):
            preloaded = {FAULTS: str(self.rules)}
            log = self.folder / "daemon.log"
            self.found.restarts += 1
            self.daemon = fork_daemon(
                self.root, self.home, log, preloaded, preloaded=preloaded, prepare=prepare
            )
            self.daemon.until_ready()
        return self.daemon

    def _meet(self) -> None:
        """Until the fault was met, and a while longer."""
        deadline = time.monotonic() + MEET_S
        while not self._met() and time.monotonic() < deadline:
            if self.fault.word:
                self._up().tell(self.fault.word)
            time.sleep(0.1)
        if self.daemon is not None:
            self.daemon.over(LASTS_S)

    def _met(self) -> list[str]:
        log = self.rules.with_name("rules.log")
        return log.read_text().splitlines() if log.exists() else []

    def _mined(self, entries: int) -> bool:
        """Until the Hall holds so many; a person starts a miner that a full disk has stopped."""
        deadline = time.monotonic() + BACK_S
        while self._entries() < entries:
            if time.monotonic() > deadline:
                return False
            self._up().tell("start")
            time.sleep(0.1)
        return True

    def _end(self) -> None:
        """Nothing under way any more, and the reserve held: then nothing at all may be amiss."""
        reserve, deadline = self.root / "state" / "reserve", time.monotonic() + BACK_S
        waits = "SELECT 1 FROM v_runs WHERE outcome = 'pending' AND state = 'completed'"
        daemon = self._up()
        while not reserve.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        daemon.end()
        self._look()
        self.daemon, self.found.restarts = None, self.found.restarts - 1
        daemon = self._up(_stop_mining)
        while self._ask(waits) and time.monotonic() < deadline:
            time.sleep(0.1)
        daemon.end()
        self._look(settled=True)
        Stage(self.root, self.home, None, False, Tally()).close()

    def _look(self, *, while_it_lasts: bool = False, settled: bool = False) -> None:
        seen = self.checker.check(settled=settled)
        self.found.violations += [
            str(one) for one in seen if not (while_it_lasts and one.name == RESERVE)
        ]

    def _ask(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.root}/state/omp.db?mode=ro", uri=True)) as db:
            return db.execute(query).fetchall()

    def _entries(self) -> int:
        return int(self._ask("SELECT count(*) FROM v_hall")[0][0])


def campaign(folder: Path, names: list[str]) -> dict[str, object]:
    """Those rows; gives the figures."""
    os.environ[MIRROR] = os.environ[ALERTS] = ""
    prepare_workspace(folder / "template", folder / "pattern", real=False)
    began, rows = time.monotonic(), dict[str, Found]()
    for number, name in enumerate(names):
        place = folder / f"row-{number}"
        place.mkdir()
        rows[name] = Row(place, name).run()
        print(name, json.dumps(vars(rows[name]), indent=1), file=sys.stderr, flush=True)
        if not rows[name].violations:
            shutil.rmtree(place)
    bad = [f"{name}: {one}" for name, row in rows.items() for one in row.violations]
    return {
        "campaign": "io_faults",
        "rows": len(rows),
        "calls_failed": sum(row.faults for row in rows.values()),
        "restarts": sum(row.restarts for row in rows.values()),
        "slowest_return_s": max(row.back_s for row in rows.values()),
        "violations": bad,
        "seconds": round(time.monotonic() - began),
        "ok": not bad,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true", help="a few rows, for ./test")
    options = parser.parse_args()
    if why := possible():
        print(json.dumps({"campaign": "io_faults", "skipped": why, "ok": True}))
        return 0
    if "OMP_SHIM" not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="omp-faults-"))
        os.environ["OMP_SHIM"] = str(folder)
        begin_anew("tests.long.io_faults", compiled(folder))
    folder = Path(os.environ["OMP_SHIM"])
    names = options.names or [one for one, row in ROWS.items() if row.quick or not options.quick]
    figures = campaign(folder, names)
    if figures["ok"]:
        shutil.rmtree(folder)
    print(json.dumps(figures))
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
