"""Fail-points: named places between two durable effects where a test may kill the process.

Beside them stand planted faults, which a test switches on in the same way to see them noticed.

Switched on by `OMP_FAILPOINT=NAME` or `OMP_FAILPOINT=NAME:N` (the N-th time it is passed). Off, one
costs a look into an empty dictionary.
"""

import os
import signal

VARIABLE = "OMP_FAILPOINT"

FAILPOINTS: dict[str, str] = {
    "mine.charged": "the generation is charged, not evaluated",
    "mine.evaluated": "the generation is evaluated in memory alone",
    "mine.checkpointed": "the generation is in the checkpoint, its result is not stated",
    "mine.settled": "the generation's result is stated, the next is not charged",
    "mine.written": "every file of the run is on the disk but its manifest",
    "run.claimed": "the run has its attempt, no child was started",
    "run.launched": "the child runs, the row does not say who it is",
    "run.proven": "the finished directory is proven, the row does not say so",
    "run.closed": "the run is completed and ingested, its promotion has not begun",
    "promotion.screened": "the screen's verdicts are stored, nothing was offered yet",
    "promotion.before_ensemble": "the members are chosen, the evidence child has not run",
    "promotion.after_ensemble": "the subject's evidence is on the disk, the row does not say so",
    "promotion.after_panel_1": "the first panel's verdicts are stored",
    "promotion.after_subject": "the subject's positions are kept, no look is granted",
    "promotion.after_grant": "the look's row is committed, its grant file is not written",
    "promotion.before_look": "the grant file is written, the look child has not run",
    "promotion.after_look": "look.json is on the disk, the row does not say so",
    "promotion.after_taken": "the look's result is recorded, the second panel has not met",
    "promotion.after_panel_2": "the second panel's verdicts are stored, nothing is copied",
    "promotion.staged": "the entry is staged and synced, not yet in its place",
    "promotion.after_rename": "the entry is in its place, its parent folder is not synced",
    "promotion.after_vault": "the entry is durable in its place, it has no row",
    "promotion.after_row": "row, outbox and journal are committed, the run is not closed",
    "outbox.before_send": "a mirror delivery is about to begin",
    "outbox.before_commit": "the mirror has been told, its commit was not asked for",
    "alert.before_send": "an alert is marked as under way, it was not sent",
    "alert.after_send": "an alert was sent, its row does not say so",
    "outbox.after_commit": "the mirror has committed, the outbox row is not marked",
    "retention.packed": "a compressed file is proven under another name beside the plain one",
    "retention.pack_placed": "a compressed file is in its place, the plain one is still there",
    "retention.pack_removed": "the plain files are gone, the row does not say so",
    "retention.copied": "a copy of a run is proven in the incoming folder of its new place",
    "retention.copy_placed": "a copy of a run is in its new place, the row still names the old one",
    "retention.archived": "the row says archived, the directory is still at hand",
    "retention.restored": "the row says restored, the archived copy is still there",
    "retention.trash_noted": "the row says trashed, the directory has not moved",
    "retention.undeleted": "the row says undeleted, the directory is still in the trash",
    "retention.delete_noted": "the row says deleted, the directory is still in the trash",
}
"""Name -> what is durable and what is not when the process dies there."""


FAULTS: dict[str, str] = {
    "sentinel.diverge": "a generation's second evaluation gives another last bit",
    "recheck.diverge": "a promotion subject's second evaluation gives another last bit",
}
"""Name -> the fault that is planted there; the process lives on and must notice it."""


def _armed(text: str | None) -> dict[str, int]:
    if not text:
        return {}
    name, _, times = text.partition(":")
    return {name: int(times or 1)}


_left = _armed(os.environ.get(VARIABLE))


def hit(name: str) -> None:
    """Pass a fail-point: die here, without any farewell, if it is the one switched on."""
    if _is_due(name):
        os.kill(os.getpid(), signal.SIGKILL)


def planted(name: str) -> bool:
    """Whether a fault is to be planted here and now: one of `FAULTS` that is switched on."""
    return _is_due(name)


def _is_due(name: str) -> bool:
    if name not in _left:
        return False
    _left[name] -= 1
    return _left[name] <= 0
