"""The Hall of Fame as people use it: lists, pages, the moves of an entry, and what they expect."""

from dataclasses import dataclass, fields

from omp.domain.errors import InvalidInput
from omp.domain.hall import ENTRY
from omp.domain.verdict import Verdict
from omp.ops import data_holds
from omp.ops.desk import Desk
from omp.ops.hall_check import HallCheck, Sample, check
from omp.ops.hall_moves import ACTIONS, move
from omp.store import data_sets as set_rows
from omp.store import hall as rows
from omp.store import looks as look_rows
from omp.store import runs as run_rows
from omp.store import snapshots, vault, verdicts
from omp.store.data_sets import Revalidation
from omp.store.hall import Entry, Episode, Review
from omp.store.looks import Look

__all__ = [
    "ACTIONS",
    "EntryPage",
    "Expectation",
    "HallCheck",
    "LocalFolder",
    "Sample",
    "act",
    "check",
    "clear",
    "demote",
    "expectation",
    "flag",
    "listed",
    "local",
    "quarantine",
    "release",
    "remove",
    "show",
]


@dataclass(frozen=True)
class EntryPage(Entry):
    """An entry with all that its page shows."""

    actions: tuple[str, ...] = ()
    folder: str = ""
    row_intact: bool = True
    episodes: tuple[Episode, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    reviews: tuple[Review, ...] = ()
    look: Look | None = None
    lineage_looks: int = 0
    data_incidents: tuple[str, ...] = ()
    revalidations: tuple[Revalidation, ...] = ()


@dataclass(frozen=True)
class Expectation:
    """What the looks of an environment have spent, and how many entries may be false.

    Args:
        levels_spent: Sum of the levels of all looks taken: by the union bound no more false
            entries than this are to be expected, were every subject noise.
    """

    environment: str
    entries: int
    looks: int
    levels_spent: float


@dataclass(frozen=True)
class LocalFolder:
    """A folder in artifacts/hall_of_fame, and the entry it belongs to.

    Args:
        state: The entry's state; None where the record knows no such entry.
    """

    candidate_id: str
    path: str
    state: str | None
    environment: str | None
    promoted_at: str | None


def listed(
    desk: Desk, *, environment: str | None = None, state: str | None = None
) -> tuple[Entry, ...]:
    """Entries, the newest first; of one environment, or of all."""
    if state is not None and state not in ENTRY.states:
        raise InvalidInput(f"state {state!r}", allowed=", ".join(ENTRY.states))
    with desk.read() as tx:
        return rows.listed(tx, environment=environment, states=(state,) if state else ())


def show(desk: Desk, candidate_id: str) -> EntryPage:
    """One entry.

    Raises:
        NotFound: There is none of that id.
    """
    with desk.read() as tx:
        entry = rows.get(tx, candidate_id)
        run = run_rows.get(tx, entry.run_id)
        look = look_rows.of_run(tx, entry.run_id)
        taken: tuple[Look, ...] = ()
        if run.lineage is not None:
            taken = look_rows.of_lineages(tx, snapshots.members(tx, run.lineage))
        order = {name: place for place, name in enumerate(desk.settings.gates)}
        given = sorted(
            (one.verdict for one in verdicts.latest(tx, entry.run_id, candidate_id)),
            key=lambda one: (one.panel, order.get(one.gate, len(order))),
        )
        return EntryPage(
            **{one.name: getattr(entry, one.name) for one in fields(Entry)},
            actions=tuple(one for one in ENTRY.allowed(entry.state) if one in ACTIONS),
            folder=desk.workspace.entry(candidate_id).relative_to(desk.workspace.root).as_posix(),
            row_intact=entry.intact,
            episodes=rows.episodes(tx, candidate_id),
            verdicts=tuple(given),
            reviews=rows.reviews_of(tx, entry.run_id, candidate_id),
            look=look,
            lineage_looks=len(taken),
            data_incidents=data_holds.marks(tx, data_holds.ENTRY_KIND, candidate_id),
            revalidations=set_rows.revalidations_listed(tx, candidate_id=candidate_id),
        )


def act(desk: Desk, candidate_id: str, action: str, *, reason: str) -> Entry:
    """Move an entry from one state to another.

    Args:
        action: flag, clear, demote, quarantine, release, remove.
        reason: Why; stands in the record for ever.

    Raises:
        InvalidInput: An unknown action, or no reason.
        IllegalMove: The entry's state allows no such move.
        Damaged: The row of the entry does not have its hash.
        Refused: A release while an open incident holds the data of the entry.
    """
    if action not in ACTIONS:
        raise InvalidInput(f"{action!r} is no move of an entry", allowed=", ".join(ACTIONS))
    if not reason.strip():
        raise InvalidInput(
            f"{action} without a reason",
            allowed="a sentence that says why",
            remedy=f"omp hall {action} {candidate_id} --reason '…'",
        )
    with desk.write() as tx:
        if action == "release":
            data_holds.require_unheld(tx, candidate_id)
        after = move(desk, tx, candidate_id, action, reason.strip())
    desk.wake.set()
    return after


def flag(desk: Desk, candidate_id: str, *, reason: str) -> Entry:
    """Flag an entry for review."""
    return act(desk, candidate_id, "flag", reason=reason)


def clear(desk: Desk, candidate_id: str, *, reason: str) -> Entry:
    """Take the flag off an entry."""
    return act(desk, candidate_id, "clear", reason=reason)


def demote(desk: Desk, candidate_id: str, *, reason: str) -> Entry:
    """Demote an entry to research."""
    return act(desk, candidate_id, "demote", reason=reason)


def quarantine(desk: Desk, candidate_id: str, *, reason: str) -> Entry:
    """Quarantine an entry whose data are in question."""
    return act(desk, candidate_id, "quarantine", reason=reason)


def release(desk: Desk, candidate_id: str, *, reason: str) -> Entry:
    """Let an entry out of quarantine."""
    return act(desk, candidate_id, "release", reason=reason)


def remove(desk: Desk, candidate_id: str, *, reason: str) -> Entry:
    """Remove an entry: a tombstone; its record and its folder stay."""
    return act(desk, candidate_id, "remove", reason=reason)


def local(desk: Desk) -> tuple[LocalFolder, ...]:
    """The entries' folders on this disk."""
    with desk.read() as tx:
        known = {one.candidate_id: one for one in rows.listed(tx)}
    found = []
    for name in vault.folders(desk.workspace.hall):
        entry = known.get(name)
        found.append(
            LocalFolder(
                candidate_id=name,
                path=(desk.workspace.hall / name).relative_to(desk.workspace.root).as_posix(),
                state=None if entry is None else entry.state,
                environment=None if entry is None else entry.environment,
                promoted_at=None if entry is None else entry.promoted_at,
            )
        )
    return tuple(found)


def expectation(desk: Desk, environment: str) -> Expectation:
    """What the looks of an environment have spent."""
    with desk.read() as tx:
        granted = look_rows.in_environment(tx, environment)
        taken = [one for one, _ in granted if one.state == "taken"]
        entries = [
            one
            for one in rows.listed(tx, environment=environment)
            if one.state in ("active", "flagged")
        ]
    return Expectation(environment, len(entries), len(taken), sum(one.level for one in taken))
