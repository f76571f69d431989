"""An independent checker of the invariants I1 to I12: it imports nothing of the product.

It reads the database through the published views, the files, /proc and the mirror, and remembers
what it has seen, so that whatever was acknowledged once must still be there at every later check.

    python tests/long/checker.py WORKSPACE [POSTGRESQL_URL]
"""

import json
import os
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blake3 import blake3

GENESIS = "0" * 64
TERMINAL = ("completed", "failed", "cancelled")
MANAGED = frozenset(
    (
        *("dashboard", "configs", "data", "state", "output", "artifacts"),
        *("logs", "archive", "backups", "omp.toml"),
    )
)
"""What may stand directly below a workspace."""

INVARIANTS: dict[str, str] = {
    "I1": "nothing acknowledged is lost, here or in the mirror",
    "I2": "nothing is doubled: genomes, looks, charges, runs",
    "I3": "every Hall row has its files, and every hash matches",
    "I4": "an entry's folder without a row is adopted or moved aside, never deleted",
    "I5": "no campaign is lost; every change of the queue has an operator and a reason",
    "I6": "at most one live process tree per slot and run, by /proc",
    "I7": "no run stays running without a live owner",
    "I8": "the journal is append-only, chained, and anchored outside the database",
    "I9": "nothing outside the managed folders changes",
    "I10": "status and health tell the truth",
    "I11": "whatever fails says why, once",
    "I12": "the disk reserve is kept",
}


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, and what was found."""

    name: str
    found: str

    def __str__(self) -> str:
        return f"{self.name} ({INVARIANTS[self.name]}): {self.found}"


@dataclass
class Memory:
    """What was seen before, and so was acknowledged."""

    journal_seq: int = 0
    journal_hash: str = GENESIS
    anchored: bool = False
    campaigns: set[str] = field(default_factory=set)
    runs: dict[str, tuple[str, int]] = field(default_factory=dict)
    hall: dict[str, str] = field(default_factory=dict)
    looks: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    trials: dict[str, int] = field(default_factory=dict)
    delivered: set[int] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    outside: dict[str, tuple[int, int]] = field(default_factory=dict)


class Checker:
    """The invariants of one workspace.

    Args:
        root: The workspace.
        mirror: PostgreSQL URL of its mirror; None where it has none.
        outside: Folders near the workspace that nothing may touch.
        ownerless_s: How long a run may be `running` without a living process, seconds.
    """

    def __init__(
        self,
        root: Path,
        *,
        mirror: str | None = None,
        outside: tuple[Path, ...] = (),
        ownerless_s: float = 600.0,
    ) -> None:
        self.root = root
        self.mirror = mirror
        self.ownerless_s = ownerless_s
        self.ahead_s = 0.0  # how far the workspace's date was set from the true one
        self.memory = Memory()
        self._outside = outside
        self.memory.outside = {key: one for at in outside for key, one in _stats(at).items()}

    def check(self, *, settled: bool = False) -> list[Violation]:
        """Every violation there is now.

        Args:
            settled: Nothing is under way: no run waits for its promotion, the outbox is empty.
        """
        found: list[Violation] = []
        uri = f"file:{self.root}/state/omp.db?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=20)) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN")
            entries = db.execute("SELECT * FROM v_hall").fetchall()
            self._journal(db, found)
            self._looks_and_ledger(db, found)
            self._runs(db, found, settled=settled)
            self._queue(db, found)
            self._hall(db, entries, found, settled=settled)
            self._incidents(db, found)
            self._outbox(db, found, settled=settled)
        self._processes(found)
        self._places(found)
        if self.mirror is not None:
            self._mirrored(entries, found, settled=settled)
        return found

    # --- the record -----------------------------------------------------------------------------

    def _journal(self, db: sqlite3.Connection, found: list[Violation]) -> None:
        kept = self.memory
        before = db.execute(
            "SELECT hash FROM v_journal WHERE seq = ?", (kept.journal_seq,)
        ).fetchone()
        if kept.journal_seq and (before is None or before[0] != kept.journal_hash):
            found.append(Violation("I8", f"record {kept.journal_seq} was lost or rewritten"))
            return
        seq, last = kept.journal_seq, kept.journal_hash
        for row in db.execute("SELECT * FROM v_journal WHERE seq > ? ORDER BY seq", (seq,)):
            if row["seq"] != seq + 1 or row["previous_hash"] != last:
                found.append(Violation("I8", f"record {row['seq']} does not follow {seq}"))
                return
            if row["hash"] != _record_hash(row):
                found.append(Violation("I8", f"record {row['seq']} does not have its hash"))
                return
            seq, last = row["seq"], row["hash"]
        kept.journal_seq, kept.journal_hash = seq, last
        self._anchor(db, seq, found)

    def _anchor(self, db: sqlite3.Connection, seq: int, found: list[Violation]) -> None:
        try:
            anchor = json.loads((self.root / "state" / "anchor").read_bytes())
        except FileNotFoundError:
            if self.memory.anchored or seq > 3:
                found.append(Violation("I8", "the anchor is gone"))
            return
        except ValueError:
            found.append(Violation("I8", "the anchor cannot be read"))
            return
        self.memory.anchored = True
        row = db.execute("SELECT hash FROM v_journal WHERE seq = ?", (anchor["seq"],)).fetchone()
        if anchor["seq"] > seq:
            # written by a live daemon after this transaction began: look once more
            with closing(sqlite3.connect(f"file:{db_path(self.root)}?mode=ro", uri=True)) as again:
                row = again.execute(
                    "SELECT hash FROM v_journal WHERE seq = ?", (anchor["seq"],)
                ).fetchone()
        elif seq - anchor["seq"] > ANCHOR_LAG:
            found.append(Violation("I8", f"the anchor stands at {anchor['seq']}, journal at {seq}"))
        if row is None or row[0] != anchor["hash"]:
            found.append(Violation("I8", f"the journal does not reach its anchor {anchor['seq']}"))

    def _looks_and_ledger(self, db: sqlite3.Connection, found: list[Violation]) -> None:
        kept, now, places = self.memory, {}, set()
        for row in db.execute("SELECT * FROM v_looks"):
            now[row["look_id"]] = (row["state"], row["promoted"])
            place = (row["window"], row["ordinal"])
            if place in places:
                found.append(Violation("I2", f"look {place} was granted twice"))
            places.add(place)
        for name, (state, promoted) in kept.looks.items():
            if name not in now or (state == "taken" and now[name][0] != "taken"):
                found.append(Violation("I1", f"look {name} ({state}) is forgotten"))
            elif promoted and not now[name][1]:
                found.append(Violation("I1", f"look {name} is no longer promoted"))
        kept.looks = now
        ledger: dict[str, int] = {}
        charged: set[tuple[str, int]] = set()
        for row in db.execute("SELECT run_id, generation, genomes, trials FROM v_ledger"):
            if (row["run_id"], row["generation"]) in charged:
                found.append(Violation("I2", f"{row['run_id']} is charged twice"))
            charged.add((row["run_id"], row["generation"]))
            ledger[row["run_id"]] = ledger.get(row["run_id"], 0) + 1
        for run_id, before in kept.trials.items():
            if ledger.get(run_id, 0) < before:
                found.append(Violation("I1", f"charged generations of {run_id} are forgotten"))
        kept.trials = ledger

    def _runs(self, db: sqlite3.Connection, found: list[Violation], *, settled: bool) -> None:
        now: dict[str, tuple[str, int]] = {}
        live: dict[str, str] = {}
        for row in db.execute("SELECT * FROM v_runs"):
            run_id, state = row["id"], row["state"]
            now[run_id] = (state, row["attempt"])
            if state in ("queued", "running"):
                if row["campaign_id"] in live:
                    found.append(Violation("I2", f"{row['campaign_id']} has two live runs"))
                live[row["campaign_id"]] = run_id
            if state == "running":
                self._owner(row, found)
            if state in ("failed", "cancelled") and not row["cause"]:
                found.append(Violation("I11", f"{run_id} {state} without a cause"))
            if state == "completed" and not (row["manifest_digest"] and row["evidence_digest"]):
                found.append(Violation("I1", f"{run_id} is completed without proof"))
            if settled and state == "completed" and row["outcome"] == "pending":
                found.append(Violation("I7", f"the promotion of {run_id} never ended"))
        for run_id, (state, attempt) in self.memory.runs.items():
            after = now.get(run_id)
            if after is None:
                found.append(Violation("I1", f"run {run_id} ({state}) is gone"))
            elif state in TERMINAL and after[0] != state:
                found.append(Violation("I1", f"run {run_id} was {state}, is {after[0]}"))
            elif after[1] < attempt:
                found.append(Violation("I1", f"the attempt of {run_id} went back to {after[1]}"))
        self.memory.runs = now

    def _owner(self, row: sqlite3.Row, found: list[Violation]) -> None:
        if row["pid"] and _alive(row["pid"], row["start_ticks"], row["boot_id"]):
            return
        last = row["progress_at"] or row["started_at"] or row["queued_at"]
        ago = (datetime.now(UTC) - datetime.fromisoformat(last)).total_seconds() + self.ahead_s
        if ago > self.ownerless_s:
            found.append(Violation("I7", f"{row['id']} runs without an owner for {ago:.0f} s"))

    def _queue(self, db: sqlite3.Connection, found: list[Violation]) -> None:
        now = {row["id"] for row in db.execute("SELECT id FROM v_campaigns")}
        found += [
            Violation("I5", f"campaign {one} is gone")
            for one in sorted(self.memory.campaigns - now)
        ]
        self.memory.campaigns = now
        query = "SELECT seq, operator, payload FROM v_journal WHERE kind = 'queue.change'"
        for row in db.execute(query):
            if not row["operator"] or not json.loads(row["payload"]).get("reason"):
                found.append(Violation("I5", f"the queue change {row['seq']} has no reason"))
        try:
            told = json.loads((self.root / "dashboard" / "campaign_queue.json").read_bytes())
            {one["id"] for one in told["campaigns"]}
        except (OSError, ValueError, KeyError) as error:
            found.append(Violation("I5", f"the queue file cannot be read: {error}"))

    # --- the Hall -------------------------------------------------------------------------------

    def _hall(
        self,
        db: sqlite3.Connection,
        entries: list[sqlite3.Row],
        found: list[Violation],
        *,
        settled: bool,
    ) -> None:
        home = self.root / "artifacts" / "hall_of_fame"
        genomes: set[tuple[str, str]] = set()
        now: dict[str, str] = {}
        for row in entries:
            name, genome = row["candidate_id"], (row["environment"], row["genome_hash"])
            now[name] = row["genome_hash"]
            if genome in genomes:
                found.append(Violation("I2", f"the genome of {name} stands twice"))
            genomes.add(genome)
            if row["row_hash"] != _row_hash(row):
                found.append(Violation("I3", f"the row of {name} does not have its hash"))
            for relative, expected in json.loads(row["artifacts"]).items():
                try:
                    data = (home / name / relative).read_bytes()
                except OSError as error:
                    found.append(Violation("I3", f"{name}/{relative}: {error.strerror}"))
                    continue
                if blake3(data).hexdigest() != expected:
                    found.append(Violation("I3", f"{name}/{relative} was changed"))
        for name, genome_hash in self.memory.hall.items():
            if now.get(name) != genome_hash:
                found.append(Violation("I1", f"the entry {name} is gone"))
        self.memory.hall = now
        self._orphans(db, home, set(now), found, settled=settled)
        promoted = "SELECT id, subject_id FROM v_runs WHERE outcome = 'promoted'"
        found += [
            Violation("I1", f"{row['id']} is promoted and has no entry")
            for row in db.execute(promoted)
            if row["subject_id"] not in now
        ]

    def _orphans(
        self,
        db: sqlite3.Connection,
        home: Path,
        rows: set[str],
        found: list[Violation],
        *,
        settled: bool,
    ) -> None:
        there = {one.name for one in home.iterdir() if not one.name.startswith(".")}
        aside = {
            one.name
            for place in (home.parent / "quarantine", home / ".episodes")
            if place.is_dir()
            for one in place.iterdir()
        }
        found += [
            Violation("I4", f"the folder {name} was deleted")
            for name in self.memory.folders - there
            if not any(one.startswith(name) for one in aside)
        ]
        self.memory.folders = there
        for name in sorted(there - rows):
            run_id = _staged_for(home / name)
            waits = db.execute(
                "SELECT 1 FROM v_runs WHERE id = ? AND stage = 'promote'", (run_id,)
            ).fetchone()
            came = db.execute("SELECT 1 FROM hall_entries WHERE candidate_id = ?", (name,))
            if settled or not (waits or came.fetchone() or run_id is None):
                found.append(Violation("I4", f"{name} has a folder, no row, and nobody adopts it"))

    # --- incidents, outbox, mirror --------------------------------------------------------------

    def _incidents(self, db: sqlite3.Connection, found: list[Violation]) -> None:
        seen: set[str] = set()
        query = "SELECT id, fingerprint, summary FROM v_incidents WHERE state <> 'resolved'"
        for row in db.execute(query):
            if not row["summary"].strip():
                found.append(Violation("I11", f"{row['id']} says nothing"))
            if row["fingerprint"] in seen:
                found.append(Violation("I11", f"{row['fingerprint']} is open twice"))
            seen.add(row["fingerprint"])

    def _outbox(self, db: sqlite3.Connection, found: list[Violation], *, settled: bool) -> None:
        rows = db.execute("SELECT seq, key, delivered_at FROM v_outbox").fetchall()
        now = {row["seq"] for row in rows if row["delivered_at"]}
        kept = {row["seq"] for row in rows}
        lost = self.memory.delivered & kept - now
        found += [Violation("I1", f"delivery {seq} is open again") for seq in sorted(lost)]
        self.memory.delivered = now
        posted = {row["key"] for row in rows}
        for name in self.memory.hall:
            if name not in posted:
                found.append(Violation("I1", f"{name} was never posted to the mirror"))
        if settled and self.mirror is not None and kept - now:
            found.append(Violation("I1", f"{len(kept - now)} deliveries wait"))

    def _mirrored(
        self, entries: list[sqlite3.Row], found: list[Violation], *, settled: bool
    ) -> None:
        import psycopg

        with psycopg.connect(str(self.mirror)) as session:
            there = session.execute("SELECT to_regclass('hall_of_fame')").fetchone()
            rows = (
                session.execute(
                    "SELECT candidate_id, environment, genome_hash, row_hash, outbox_seq "
                    "FROM hall_of_fame"
                ).fetchall()
                if there and there[0]
                else []
            )
        genomes = [(row[1], row[2]) for row in rows]
        if len(genomes) != len(set(genomes)):
            found.append(Violation("I2", "a genome stands twice in the mirror"))
        mirrored = {row[0]: row for row in rows}
        if settled:
            for row in entries:
                other = mirrored.get(row["candidate_id"])
                if other is None or other[3] != row["row_hash"]:
                    held = "nothing" if other is None else f"{other[3][:12]} of delivery {other[4]}"
                    told = f"{row['candidate_id']} {row['row_hash'][:12]}"
                    found.append(Violation("I1", f"the mirror lacks {told}, it holds {held}"))
        known = self.memory.hall
        found += [
            Violation("I1", f"the mirror holds {name}, the record does not")
            for name in mirrored.keys() - known.keys()
        ]
        held = {row[4] for row in rows}
        if self.memory.delivered and (not held or max(held) < max(self.memory.delivered)):
            found.append(Violation("I1", "the mirror is behind what it has confirmed"))

    # --- processes and places -------------------------------------------------------------------

    def _processes(self, found: list[Violation]) -> None:
        slots: dict[str, set[str]] = {}
        sessions: dict[str, set[int]] = {}
        for pid, run_id in _workers(self.root):
            stat = _stat(pid)
            if stat is None:
                continue
            for lock in _locks(pid, self.root / "state" / "slots"):
                slots.setdefault(lock, set()).add(run_id)
                if not lock.startswith("child"):
                    sessions.setdefault(run_id, set()).add(stat[1])
        for lock, runs in slots.items():
            if len(runs) > 1:
                found.append(Violation("I6", f"{lock} is held for {sorted(runs)}"))
        for run_id, trees in sessions.items():
            if len(trees) > 1:
                found.append(Violation("I6", f"{run_id} has {len(trees)} process trees"))
        try:
            note = json.loads((self.root / "state" / "daemon.json").read_bytes())
        except (OSError, ValueError):
            return
        alive = _alive(note["pid"], note["start_ticks"], note["boot_id"])
        if alive and "daemon" not in _locks(note["pid"], self.root / "state"):
            found.append(Violation("I10", "daemon.json names a daemon that holds no lock"))

    def _places(self, found: list[Violation]) -> None:
        strange = {one.name for one in self.root.iterdir()} - MANAGED
        strange = {one for one in strange if not one.startswith((".", "small"))}
        if strange:
            found.append(Violation("I9", f"strange below the workspace: {sorted(strange)}"))
        now = {key: one for at in self._outside for key, one in _stats(at).items()}
        if now != self.memory.outside:
            changed = now.items() ^ self.memory.outside.items()
            found.append(Violation("I9", f"changed outside: {sorted(key for key, _ in changed)}"))
            self.memory.outside = now
        free = os.statvfs(self.root)
        if free.f_bavail * free.f_frsize > RESERVED_BYTES * 8:
            reserve = self.root / "state" / "reserve"
            if not reserve.exists() or reserve.stat().st_blocks * 512 < RESERVED_BYTES:
                found.append(Violation("I12", "there is room, and the reserve is not kept"))


ANCHOR_LAG = 200
RESERVED_BYTES = 16 * 1024 * 1024


def db_path(root: Path) -> Path:
    return root / "state" / "omp.db"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _record_hash(row: sqlite3.Row) -> str:
    """The payload is kept as canonical JSON already, so only the frame is put together here."""
    frame = (
        f'{{"kind":{_text(row["kind"])},"operator":{_text(row["operator"])},'
        f'"payload":{row["payload"]},"previous_hash":{_text(row["previous_hash"])},'
        f'"seq":{row["seq"]},"subject":{_text(row["subject"])},"ts":{_text(row["ts"])}}}'
    )
    return blake3(frame.encode()).hexdigest()


_STORED_JSON = ("provenance", "metrics", "artifacts")


def _row_hash(row: sqlite3.Row) -> str:
    names = sorted(name for name in row.keys() if name != "row_hash")  # noqa: SIM118 - no dict
    parts = (
        f'"{name}":{row[name] if name in _STORED_JSON else _text(row[name])}' for name in names
    )
    return blake3(("{" + ",".join(parts) + "}").encode()).hexdigest()


def _staged_for(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / "entry.json").read_bytes())["provenance"]["run_id"])
    except (OSError, ValueError, KeyError):
        return None


def _stats(at: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in [at, *sorted(at.rglob("*"))]:
        stat = path.lstat()
        found[str(path)] = (stat.st_size if path.is_file() else 0, stat.st_mtime_ns)
    return found


def _stat(pid: int) -> tuple[str, int, int] | None:
    """State, session and start of a process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text[text.rfind(")") + 2 :].split()
    return fields[0], int(fields[3]), int(fields[19])


def _alive(pid: int, start_ticks: int, boot_id: str) -> bool:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    stat = _stat(pid)
    return boot == boot_id and stat is not None and stat[0] not in "ZXx" and stat[2] == start_ticks


def _workers(root: Path) -> list[tuple[int, str]]:
    found = []
    for pid in (int(one) for one in os.listdir("/proc") if one.isdigit()):  # noqa: PTH208
        try:
            pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        words = dict(one.split(b"=", 1) for one in pairs if b"=" in one)
        if words.get(b"OMP_WORKSPACE", b"").decode() == str(root) and b"OMP_RUN_ID" in words:
            stat = _stat(pid)
            if stat is not None and stat[0] not in "ZXx":
                found.append((pid, words[b"OMP_RUN_ID"].decode()))
    return found


def _handles(pid: int) -> list[Path]:
    try:
        return [one for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()]
    except OSError:
        return []


def _locks(pid: int, folder: Path) -> set[str]:
    found = set()
    for handle in _handles(pid):
        try:
            target = handle.readlink()
        except OSError:
            continue
        if target.parent == folder:
            found.add(target.stem)
    return found


def main() -> int:
    violations = Checker(Path(sys.argv[1]).resolve(), mirror=(sys.argv[2:] or [None])[0]).check()
    for one in violations:
        print(one)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
