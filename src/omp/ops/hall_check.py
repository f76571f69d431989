"""The integrity check of the Hall: counts, samples, anomalies, sync; and its repair."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from omp.domain.hall import PROVENANCE_FIELDS
from omp.domain.ids import PREFIXES
from omp.domain.verdict import Verdict
from omp.gates.base import Gate, keeps
from omp.gates.panel import gates
from omp.ops import incidents
from omp.ops.desk import Desk
from omp.store import hall as rows
from omp.store import journal, outbox_rows, vault, verdicts
from omp.store import runs as run_rows
from omp.store.hall import Entry
from omp.store.outbox_rows import Lag
from omp.store.shredder import shred

SAMPLES = 5


@dataclass(frozen=True)
class Sample:
    """One entry, examined."""

    candidate_id: str
    provenance_complete: bool
    metrics_match: bool
    artifacts_present: bool
    no_duplicates: bool
    thresholds_met: bool

    @property
    def sound(self) -> bool:
        return (
            self.provenance_complete
            and self.metrics_match
            and self.artifacts_present
            and self.no_duplicates
            and self.thresholds_met
        )


@dataclass(frozen=True)
class HallCheck:
    """The whole check.

    Args:
        rows: Entries in the record.
        folders: Entries' folders on the disk.
        samples: Five entries drawn at random; every entry is examined, and faults of any stand
            among the issues.
        issues: One sentence for each fault; empty when the Hall is whole.
    """

    checked_at: str
    operator: str
    rows: int
    folders: int
    folders_match: bool
    samples: tuple[Sample, ...]
    no_flat_variance: bool
    no_duplicate_genome: bool
    valid_dates: bool
    sync_complete: bool
    last_sync: str | None
    pending: int
    issues: tuple[str, ...]


def check(desk: Desk) -> HallCheck:
    """Examine every entry: row, files, hashes, provenance, duplicates, bars, sync."""
    with desk.read() as tx:
        entries = rows.listed(tx)
        lag = outbox_rows.lag(tx)
        latest = _latest(desk, tx)
        below = {one.candidate_id: _below(desk, tx, one) for one in entries}
    issues: list[str] = []
    examined = [_examine(desk, one, entries, below[one.candidate_id], issues) for one in entries]
    names, folders = {one.candidate_id for one in entries}, set(vault.folders(desk.workspace.hall))
    issues += [f"{name} has a row and no folder" for name in sorted(names - folders)]
    issues += [f"{name} has a folder and no row" for name in sorted(folders - names)]
    flat = [name for name, missed in below.items() if "variance_sanity" in missed]
    issues += [
        f"{name}: its population's variance is below the bar, or not on record" for name in flat
    ]
    undated = [one.candidate_id for one in entries if not _dated(latest, one)]
    issues += [f"{name} was promoted at no valid instant" for name in undated]
    doubled = _doubled(entries)
    issues += [f"genome {genome[:12]}… stands twice in {place}" for place, genome in doubled]
    chance = random.Random(len(entries))  # noqa: S311 - a sample to show, not a secret
    return HallCheck(
        checked_at=desk.clock.iso(),
        operator=desk.operator,
        rows=len(entries),
        folders=len(folders),
        folders_match=names == folders,
        samples=tuple(chance.sample(examined, min(SAMPLES, len(examined)))),
        no_flat_variance=not flat,
        no_duplicate_genome=not doubled,
        valid_dates=not undated,
        sync_complete=lag.pending == 0,
        last_sync=lag.last_delivered,
        pending=lag.pending,
        issues=tuple(dict.fromkeys(issues)) + _sync_issue(lag),
    )


def _sync_issue(lag: Lag) -> tuple[str, ...]:
    if lag.pending == 0 or lag.last_error is None:
        return ()
    return (f"{lag.pending} deliveries wait since {lag.oldest}: {lag.last_error}",)


def _examine(
    desk: Desk,
    entry: Entry,
    entries: tuple[Entry, ...],
    below: tuple[str, ...],
    issues: list[str],
) -> Sample:
    name = entry.candidate_id
    if not entry.intact:
        issues.append(f"the row of {name} does not have its hash")
    faults = vault.faults(desk.workspace.entry(name), entry.artifacts)
    issues += [f"{name}: {fault}" for fault in faults]
    missing = [one for one in PROVENANCE_FIELDS if entry.provenance.get(one) in (None, "")]
    if missing:
        issues.append(f"{name} lacks {', '.join(missing)}")
    same = [
        one.candidate_id
        for one in entries
        if one.candidate_id != name
        and one.environment == entry.environment
        and entry.behaviour_hash == one.behaviour_hash
    ]
    if same:
        issues.append(f"{name} trades as {', '.join(same)} does")
    if entry.state == "active" and below:
        issues.append(f"{name} no longer meets the bars of {', '.join(below)}")
    return Sample(
        candidate_id=name,
        provenance_complete=not missing,
        metrics_match=entry.intact and _figures_match(desk, entry),
        artifacts_present=not faults,
        no_duplicates=not same,
        thresholds_met=not below,
    )


def _figures_match(desk: Desk, entry: Entry) -> bool:
    """Whether the row's figures are those of its folder."""
    folder = desk.workspace.entry(entry.candidate_id)
    if not (folder / "entry.json").is_file():
        return False
    document = vault.read_entry(folder)
    return document.get("metrics") == entry.metrics


def _below(desk: Desk, tx: Connection, entry: Entry) -> tuple[str, ...]:
    """Gates whose keep bar is not met by what they measured of the entry, or by nothing known."""
    bars = desk.settings.gates
    judged = {
        one.verdict.gate: one.verdict
        for one in verdicts.latest(tx, entry.run_id, entry.candidate_id)
    }
    return tuple(
        gate.name
        for gate in gates(bars)
        if bars[gate.name].keep is not None
        and keeps(gate, _value(gate, judged.get(gate.name)), bars[gate.name]) is not True
    )


def _value(gate: Gate, given: Verdict | None) -> float | None:
    """What a gate measured; nothing where its answer was about a further condition of its own."""
    return given.value if given is not None and given.unit == gate.unit else None


def _latest(desk: Desk, tx: Connection) -> datetime:
    """The latest instant there has been: now, or before the date was set back."""
    gaps = journal.records(tx, kinds=("machine.gap",), limit=10_000)
    back_s = sum(-min(0.0, float(one.payload.get("jumped_s", 0.0))) for one in gaps)
    return desk.clock.now() + timedelta(seconds=back_s)


def _dated(latest: datetime, entry: Entry) -> bool:
    """Whether it was promoted at an instant that has been, by the date or by the journal."""
    try:
        instant = datetime.fromisoformat(entry.promoted_at)
    except ValueError:
        return False
    return instant.tzinfo is not None and instant <= latest


def _doubled(entries: tuple[Entry, ...]) -> list[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    doubled = []
    for one in entries:
        key = (one.environment, one.genome_hash)
        if key in seen:
            doubled.append(key)
        seen.add(key)
    return doubled


def reconcile(desk: Desk) -> tuple[str, ...]:
    """Put the Hall's folders in order after a crash; gives a sentence for each thing done.

    A folder without a row is left for the promotion that is under way, or else moved aside with an
    incident; a staging folder of a run that is over is a copy, and goes.
    """
    home = desk.workspace.hall
    done = []
    with desk.read() as tx:
        known = {one.candidate_id for one in rows.listed(tx)}
        underway = {one.subject_id for one in run_rows.find(tx, outcome="pending", limit=10_000)}
        staged = [
            one.name
            for one in (home / vault.STAGING).glob(f"{PREFIXES['run']}*")
            if run_rows.get(tx, one.name).stage == "done"
        ]
    for name in vault.folders(home):
        if name in known or name in underway:
            continue
        stamp = desk.clock.now().strftime("%Y%m%dT%H%M%S")
        aside = vault.quarantine(home, name, stamp)
        sentence = f"{name} lay in the Hall without a row; it was moved to {aside.name}"
        vault.keep_note(aside, {"why": sentence, "at": desk.clock.iso()})
        incidents.open_incident(desk, f"hall.orphan:{name}", "SEV-2", sentence)
        done.append(sentence)
    for name in staged:
        shred(home / vault.STAGING, name)
        done.append(f"the staging copy of {name} was cleared")
    return tuple(done)
