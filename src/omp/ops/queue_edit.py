"""A hand edit of `campaign_queue.json`: applied as one audited change, or refused whole."""

import pwd
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from omp.domain.campaign import PRIORITY_DEFAULT
from omp.domain.errors import Fault, InvalidConfiguration, OmpError
from omp.ops.desk import Desk
from omp.ops.queue_file import (
    entry,
    hand_edit,
    known_exports,
    lock,
    note_refused,
    publish,
    stage,
)
from omp.ops.queue_parse import REFUSED, Edited, parse, refuse
from omp.ops.queue_record import record
from omp.ops.queue_steps import apply, insert, place_before, take_out
from omp.store import campaigns as rows
from omp.store.campaigns import Campaign
from omp.wire.canonical import digest

_CHANGEABLE = ("name", "priority", "enabled", "repeat", "tags")
_FIXED = ("config_path", "market", "created_at")


@dataclass(frozen=True)
class Ingested:
    """What became of the file.

    Args:
        applied: What was done, an action and a campaign each; empty when nothing changed.
        refused: Why the edit was refused, with its lines; None when it was not.
    """

    applied: tuple[str, ...] = ()
    refused: str | None = None


def ingest_file(desk: Desk) -> Ingested:
    """Take up a hand edit of the queue file, if there is one.

    A refused edit changes nothing; it is journalled once, and stays in the file until the next
    export, which keeps it beside the file as `campaign_queue.refused.json`.
    """
    with lock:
        data = hand_edit(desk)
        if data is None:
            return Ingested()
        with desk.read() as tx:
            if known_exports(tx).get("refused") == digest(data):
                return Ingested(refused="the edit that stands in the file was refused already")
        editor = desk.acting_as(_owner(desk), "hand edit")
        try:
            with desk.write() as tx:
                applied = _apply(editor, tx, data)
                stage(desk, tx)
        except OmpError as error:
            if error.http_status >= 500:
                raise
            return _refuse(editor, data, error)
        publish(desk)
    if applied:
        desk.wake.set()
    return Ingested(applied)


def _owner(desk: Desk) -> str:
    uid = desk.workspace.queue_file.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def _refuse(editor: Desk, data: bytes, error: OmpError) -> Ingested:
    with editor.write() as tx:
        note_refused(tx, digest(data))
        editor.note(
            tx,
            "queue.file_refused",
            "campaign_queue.json",
            {"reason": error.sentence, "digest": digest(data)},
        )
    return Ingested(refused=error.sentence)


def _apply(editor: Desk, tx: Connection, data: bytes) -> tuple[str, ...]:
    document, edited = parse(data)
    begun_from = _base(tx, document)
    reason = document.get("reason")
    base = {one["id"]: one for one in begun_from}
    _require_known(tx, edited, set(base))
    applied: list[str] = []
    kept_ids = {one.fields.get("id") for one in edited}
    present = {one.id: one for one in rows.listed(tx)}
    for gone in [one for one in base if one not in kept_ids and one in present]:
        take_out(editor, tx, present[gone], reason=reason)
        applied.append(f"remove {gone}")
    for one in edited:
        campaign_id = str(one.fields.get("id"))
        with _line_of(one):
            if campaign_id in base:
                wanted = _wanted(one, base[campaign_id], present.get(campaign_id))
                done = wanted and apply(editor, tx, present[campaign_id], wanted, reason=reason)
                applied += [f"{action} {campaign_id}" for action in done or ()]
            else:
                made = _insert(editor, tx, one, reason)
                applied.append(f"add {made}")
    applied += _reorder(editor, tx, edited, list(base), reason)
    if applied:
        record(
            editor,
            tx,
            "*",
            "hand edit",
            {},
            {"actions": applied},
            reason=reason,
            impact=f"{len(applied)} changes from campaign_queue.json, all or none",
        )
    return tuple(applied)


def _wanted(one: Edited, base: dict[str, Any], now: Campaign | None) -> dict[str, Any]:
    """What the edit changes of a campaign, against the export it began from.

    Raises:
        InvalidConfiguration: A field cannot change, or was changed meanwhile to something else.
    """
    _require_fixed(one, base)
    changed = {
        key: one.fields[key]
        for key in _CHANGEABLE
        if key in one.fields and one.fields[key] != base[key]
    }
    if now is None:
        refuse([Fault(one.place(key), "the campaign was removed meanwhile") for key in changed])
        return {}
    stands = entry(now)
    refuse(
        [
            Fault(one.place(key), f"{key} was changed meanwhile, to {stands[key]!r}")
            for key, value in changed.items()
            if stands[key] not in (base[key], value)
        ]
    )
    return changed


class _line_of:  # noqa: N801 - reads as a word at its place
    """Name the line in whatever refusal is raised inside."""

    def __init__(self, one: Edited) -> None:
        self._one = one

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, OmpError) or error.http_status >= 500:
            return
        if not error.asked.startswith(REFUSED):  # it does not name its line yet
            raise InvalidConfiguration(
                REFUSED,
                faults=(Fault(f"line {self._one.line}", error.asked, error.allowed),),
                remedy=f"{error.remedy or 'correct the file'}; the queue stands as it was",
            ) from error


def _insert(editor: Desk, tx: Connection, one: Edited, reason: str | None) -> str:
    fields = {"priority": PRIORITY_DEFAULT, "enabled": True, "repeat": False, **one.fields}
    campaign, is_new = insert(editor, tx, fields, reason=reason, campaign_id=one.fields.get("id"))
    if not is_new:
        raise InvalidConfiguration(
            f"{fields['config_path']} is queued already as campaign {campaign.id}",
            remedy="change that one, or give the new one another configuration",
        )
    return campaign.id


def _reorder(
    editor: Desk, tx: Connection, edited: tuple[Edited, ...], before: list[str], reason: str | None
) -> list[str]:
    """Take up a changed order of campaigns of equal priority; other places are the priority's."""
    priority = {one.id: one.priority for one in rows.listed(tx)}
    wanted = [
        one.fields["id"]
        for one in edited
        if one.fields.get("id") in before and one.fields["id"] in priority
    ]
    if wanted == [one for one in before if one in wanted]:
        return []
    done = []
    for first, second in reversed(list(pairwise(wanted))):  # from the end: each before the last
        current = [one.id for one in rows.listed(tx)]
        if priority[first] == priority[second] and current.index(first) > current.index(second):
            place_before(editor, tx, rows.get(tx, first), second, reason=reason)
            done.append(f"reorder {first}")
    return done


def _base(tx: Connection, document: dict[str, Any]) -> list[dict[str, Any]]:
    """The campaigns of the export an edit began from: the one of its `updated_at`.

    Without one, or with a later one of the editing program's own, it is the last export.
    """
    exports = known_exports(tx).get("exports", [])
    given = document.get("updated_at")
    if not exports:
        return []
    begun_from = next((one for one in exports if one["updated_at"] == given), exports[-1])
    try:
        is_older = given is not None and _instant(given) < _instant(begun_from["updated_at"])
    except (ValueError, TypeError):
        refuse([Fault("updated_at", f"{given!r} is no instant", "ISO 8601")])
    if is_older:
        last = exports[-1]["updated_at"]
        problem = f"the edit began from the queue of {given}, which changed often until {last}"
        refuse([Fault("updated_at", problem, "an edit of the file as it is now")])
    found: list[dict[str, Any]] = begun_from["campaigns"]
    return found


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.astimezone()


def _require_known(tx: Connection, edited: tuple[Edited, ...], present: set[str]) -> None:
    """An id the queue does not have is either new or belongs to a removed campaign."""
    faults = [
        Fault(
            one.place("id"), f"{one.fields['id']} was removed from the queue", "a new id, or none"
        )
        for one in edited
        if one.fields.get("id") is not None
        and one.fields["id"] not in present
        and rows.exists(tx, one.fields["id"])
    ]
    refuse(faults)


def _require_fixed(one: Edited, stored: dict[str, Any]) -> None:
    faults = [
        Fault(one.place(key), f"{key} cannot change", repr(stored[key]))
        for key in _FIXED
        if key in one.fields and one.fields[key] != stored[key]
    ]
    refuse(faults)
