"""Does the mirror hold what was delivered to it? Row by row, by hash; and the journal's head."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from omp.domain.errors import InvalidInput
from omp.ops import incidents
from omp.ops.desk import Desk
from omp.ops.parcels import post_entry
from omp.ops.sync import DRIFT_KEY, mirror_url, workspace_name
from omp.store import hall, journal, meta, outbox_rows
from omp.store.hall import Entry
from omp.store.mirror import Mirror

FINGERPRINT = "sync.drift"
MOST = 10_000


@dataclass(frozen=True)
class Drift:
    """What differs.

    Args:
        compared: Entries that were compared; those that still wait for delivery are left out.
        missing: Entries the mirror lacks.
        differing: Entries whose row there is another, or does not have its own hash.
        strange: Rows of this workspace there that are no entries here.
        head: What is wrong with the journal's head there; None when it is a record of ours.
        reposted: Entries put into the outbox once more.
    """

    compared: int
    missing: tuple[str, ...]
    differing: tuple[str, ...]
    strange: tuple[str, ...]
    head: str | None
    reposted: int = 0

    @property
    def found(self) -> int:
        return len(self.missing) + len(self.differing) + len(self.strange) + (self.head is not None)

    @property
    def sentence(self) -> str:
        """The whole in a sentence."""
        if not self.found:
            return f"the mirror holds all {self.compared} entries as they are here"
        parts = [
            f"{len(names)} {word}: {', '.join(names[:3])}"
            for word, names in (
                ("missing there", self.missing),
                ("different there", self.differing),
                ("unknown here", self.strange),
            )
            if names
        ]
        return "the mirror has drifted: " + "; ".join([*parts, *([self.head] if self.head else [])])


def compare(desk: Desk, *, repair: bool = False) -> dict[str, Any]:
    """Compare the Hall with its mirror by hash; what differs opens an incident.

    Args:
        repair: Deliver what is missing or different once more.

    Raises:
        InvalidInput: There is no mirror.
        ResourceShort: It cannot be reached.
    """
    url = mirror_url(desk)
    if url is None:
        raise InvalidInput(
            "there is no mirror to compare with",
            allowed=f"a PostgreSQL URL in the environment variable {desk.settings.sync.url_env}",
            remedy="set it for the daemon and for this command",
        )
    mirror = Mirror(url, workspace_name(desk))
    there, head_there = mirror.rows(), mirror.head()
    with desk.read() as tx:
        here = {one.candidate_id: one for one in hall.listed(tx)}
        waiting = {one.key for one in outbox_rows.pending(tx, MOST)}
        head = _head_fault(tx, head_there)
    settled = {name: one for name, one in here.items() if name not in waiting}
    missing = tuple(sorted(name for name in settled if name not in there))
    differing = tuple(
        sorted(name for name in settled if name in there and not same(settled[name], there[name]))
    )
    strange = tuple(sorted(set(there) - set(here)))
    found = Drift(len(settled), missing, differing, strange, head)
    if repair:
        found = _repost(desk, found)
    _tell(desk, found)
    return {**vars(found), "found": found.found, "note": found.sentence}


def same(entry: Entry, row: dict[str, Any]) -> bool:
    """Whether a row of the mirror is this entry, by the hash it carries and by its own content."""
    values = {one.name: row[one.name] for one in fields(Entry)}
    for name in ("promoted_at", "updated_at"):
        moment = values[name]
        values[name] = journal.iso(moment) if isinstance(moment, datetime) else moment
    there = Entry(**values)
    return there.row_hash == entry.row_hash and there.expected_hash == entry.row_hash


def _head_fault(tx: Any, there: tuple[int, str] | None) -> str | None:
    if there is None:
        return None
    seq, kept = there
    ours = journal.hash_of(tx, seq)
    if ours is None:
        return f"the mirror names record {seq} of the journal, which ends before it here"
    return None if ours == kept else f"record {seq} of the journal is another one in the mirror"


def _repost(desk: Desk, found: Drift) -> Drift:
    names = (*found.missing, *found.differing)
    with desk.write() as tx:
        for name in names:
            post_entry(desk, tx, hall.get(tx, name))
    desk.wake.set()
    return Drift(**{**vars(found), "reposted": len(names)})


def _tell(desk: Desk, found: Drift) -> None:
    with desk.write() as tx:
        meta.put_json(tx, DRIFT_KEY, {"at": desk.clock.iso(), "found": found.found})
        if found.found:
            desk.note(tx, "sync.drift", "mirror", {"why": found.sentence})
            incidents.open_incident(desk, FINGERPRINT, "SEV-2", found.sentence, tx=tx)
