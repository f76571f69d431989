"""The queue's verbs. The database is the record; every change leaves who, what, why and impact."""

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from omp.domain.campaign import PRIORITY_DEFAULT
from omp.domain.errors import Conflict, InvalidInput, PreconditionFailed
from omp.ops import campaign_configs
from omp.ops.desk import Desk
from omp.ops.queue_bulk import ACTIONS, Bulk, bulk
from omp.ops.queue_edit import ingest_file
from omp.ops.queue_file import changing, export_file
from omp.ops.queue_holds import APPROVALS, wakes_at
from omp.ops.queue_next import Next, line, next_run
from omp.ops.queue_record import reason_for, record
from omp.ops.queue_rehearsal import Rehearsal, rehearse
from omp.ops.queue_runs import at_claim, ensure_runs, queue_run
from omp.ops.queue_steps import apply, impact_of, insert, move, place_before, take_out
from omp.ops.queue_view import CampaignView, changes, get, list_queue, view
from omp.ops.queue_why import Why, why
from omp.store import campaigns as rows
from omp.store import runs
from omp.wire.canonical import digest_of

__all__ = [
    "ACTIONS",
    "APPROVALS",
    "Bulk",
    "CampaignView",
    "Next",
    "Rehearsal",
    "Why",
    "add",
    "again",
    "approve",
    "at_claim",
    "bulk",
    "change",
    "changes",
    "disapprove",
    "ensure_runs",
    "export_file",
    "get",
    "ingest_file",
    "lift",
    "list_queue",
    "next_run",
    "quarantine",
    "rehearse",
    "remove",
    "reorder",
    "wakes_at",
    "why",
]

UNMOVED = ""
"""No campaign has this id: `change` leaves the place alone."""


def add(
    desk: Desk,
    *,
    name: str,
    config_path: str,
    priority: int = PRIORITY_DEFAULT,
    enabled: bool = True,
    repeat: bool | None = None,
    tags: Sequence[str] = (),
    market: str | None = None,
    after: Sequence[str] | None = None,
    reason: str | None = None,
    idempotency_key: str | None = None,
) -> CampaignView:
    """Put a campaign in the queue, with its first run.

    A submission that was made before (the same `idempotency_key`, or the same configuration while
    it waits or runs) gives the campaign it made then, with `duplicate` set.

    Args:
        config_path: The campaign's TOML, relative to the workspace.
        market: Default: the configuration's.
        repeat: Queue it again with its next seed when a run has ended; default no.
        after: Ids or names of campaigns whose latest run must have completed first; default:
            those that the configuration names.

    Raises:
        InvalidConfiguration: The TOML has faults; all are listed.
        NotFound: The TOML or its data set is not there.
        DataNotReady: Its data are not proven fit for mining.
        Conflict: The idempotency key belongs to another request.
    """
    request = {
        "name": name,
        "config_path": config_path,
        "priority": priority,
        "enabled": enabled,
        "repeat": repeat,
        "tags": list(tags),
        "market": market,
    }
    if after is not None:
        request["after"] = list(after)
    request_hash = digest_of(request)
    with changing(desk) as tx:
        if idempotency_key and (kept := rows.kept_answer(tx, idempotency_key)):
            return _answered(desk, tx, idempotency_key, kept, request_hash)
        campaign, is_new = insert(desk, tx, request, reason=reason)
        if idempotency_key:
            answer = json.dumps({"campaign_id": campaign.id})
            rows.keep_answer(tx, idempotency_key[:96], request_hash, answer, desk.clock.iso())
        found = view(tx, rows.get(tx, campaign.id), line(desk, tx))
    return replace(found, duplicate=not is_new)


def _answered(
    desk: Desk, tx: Connection, key: str, kept: tuple[str, str], request_hash: str
) -> CampaignView:
    if kept[0] != request_hash:
        raise Conflict(
            f"the idempotency key {key[:96]!r} was used for another request",
            allowed="the same request again, or a key of its own",
            remedy="send the new request with a new Idempotency-Key",
        )
    campaign = rows.get(tx, json.loads(kept[1])["campaign_id"], removed=True)
    return replace(view(tx, campaign, line(desk, tx)), duplicate=True)


def change(
    desk: Desk,
    campaign_id: str,
    *,
    priority: int | None = None,
    enabled: bool | None = None,
    repeat: bool | None = None,
    tags: Sequence[str] | None = None,
    name: str | None = None,
    after: Sequence[str] | None = None,
    before: str | None = UNMOVED,
    reason: str | None = None,
    if_match: int | None = None,
) -> CampaignView:
    """Change a campaign; each changed field leaves its own record, all or none.

    Args:
        after: Ids or names of campaigns whose latest run must have completed before it starts.
        before: The campaign it is put before; None puts it last.
        if_match: The version the caller has seen; None does not care.

    Raises:
        InvalidInput: A value cannot be used, or a change of priority came without a reason.
        IllegalMove: The campaign is quarantined, which only `lift` ends.
        PreconditionFailed: It has another version by now.
    """
    wanted = {
        "priority": priority,
        "enabled": enabled,
        "repeat": repeat,
        "tags": None if tags is None else list(tags),
        "name": name,
        "after": None if after is None else list(after),
    }
    with changing(desk) as tx:
        found = rows.get(tx, campaign_id)
        if if_match is not None and found.version != if_match:
            raise PreconditionFailed(
                f"campaign {campaign_id} has version {found.version}, not {if_match}",
                allowed="a change of the version that was read",
                remedy="read it again and decide anew",
            )
        apply(desk, tx, found, wanted, reason=reason)
        if before != UNMOVED:
            _move(desk, tx, campaign_id, before, reason)
        return view(tx, rows.get(tx, campaign_id), line(desk, tx))


def reorder(
    desk: Desk, campaign_id: str, *, before: str | None, reason: str | None
) -> CampaignView:
    """Put a campaign directly before another one, or behind all others.

    Its priority becomes the one at which it stands there now, ageing considered.

    Args:
        before: The campaign it is put before; None puts it last.

    Raises:
        InvalidInput: No reason was given, or it is put before itself.
    """
    with changing(desk) as tx:
        _move(desk, tx, campaign_id, before, reason)
        return view(tx, rows.get(tx, campaign_id), line(desk, tx))


def _move(
    desk: Desk, tx: Connection, campaign_id: str, before: str | None, reason: str | None
) -> None:
    reason_for("reorder", reason)
    if before == campaign_id:
        raise InvalidInput("a campaign cannot be put before itself", allowed="another campaign")
    moved = rows.get(tx, campaign_id)
    if before is not None:
        rows.get(tx, before)
    place_before(desk, tx, moved, before, reason=reason)


def remove(desk: Desk, campaign_id: str, *, reason: str | None = None) -> CampaignView:
    """Take a campaign out of the queue; its record stays, a run under way goes on to its end."""
    with changing(desk) as tx:
        before = rows.get(tx, campaign_id)
        take_out(desk, tx, before, reason=reason)
        return view(tx, rows.get(tx, campaign_id, removed=True), line(desk, tx))


def quarantine(desk: Desk, campaign_id: str, *, reason: str, tx: Connection | None = None) -> None:
    """Keep a campaign from running until a person lifts it.

    Raises:
        IllegalMove: It is quarantined already.
    """
    if not reason.strip():
        raise InvalidInput("a quarantine was asked for without a reason", allowed="a reason")
    if tx is not None:
        move(desk, tx, campaign_id, "quarantine", reason)
        return
    with changing(desk) as own:
        move(desk, own, campaign_id, "quarantine", reason)


def lift(desk: Desk, campaign_id: str, *, reason: str | None) -> CampaignView:
    """End a quarantine; the campaign is disabled then, and may be enabled.

    Raises:
        InvalidInput: No reason was given.
        IllegalMove: It is not quarantined.
    """
    with changing(desk) as tx:
        move(desk, tx, campaign_id, "lift", reason)
        rows.change(tx, campaign_id, consecutive_failures=0)
        return view(tx, rows.get(tx, campaign_id), line(desk, tx))


def approve(desk: Desk, campaign_id: str, approval: str) -> CampaignView:
    """Store an approval of the campaign's spec card.

    Raises:
        InvalidInput: There is no such approval.
    """
    with changing(desk) as tx:
        found = campaign_configs.refreshed(desk, tx, rows.get(tx, campaign_id))
        stamp = {"by": desk.operator, "at": desk.clock.iso(), "config_hash": found.hash}
        return _stamp(desk, tx, campaign_id, approval, stamp, action="approve", reason=None)


def disapprove(desk: Desk, campaign_id: str, approval: str, *, reason: str) -> CampaignView:
    """Withdraw an approval of the campaign's spec card; what runs goes on to its end.

    Raises:
        InvalidInput: There is no such approval, or no reason was given.
        Conflict: The campaign does not have it.
    """
    reason = reason_for("disapprove", reason)
    with changing(desk) as tx:
        if not rows.get(tx, campaign_id).approvals.get(approval) and approval in APPROVALS:
            raise Conflict(
                f"campaign {campaign_id} has no approval {approval}",
                allowed="an approval that was given",
                remedy=f"omp queue show {campaign_id} names them",
            )
        return _stamp(desk, tx, campaign_id, approval, None, action="disapprove", reason=reason)


def _stamp(
    desk: Desk,
    tx: Connection,
    campaign_id: str,
    approval: str,
    stamp: dict[str, str] | None,
    *,
    action: str,
    reason: str | None,
) -> CampaignView:
    """Put an approval on the spec card, or take it off, on the record."""
    if approval not in APPROVALS:
        raise InvalidInput(f"approval {approval!r}", allowed=", ".join(APPROVALS))
    before = rows.get(tx, campaign_id).approvals
    after = {name: given for name, given in before.items() if name != approval}
    if stamp is not None:
        after[approval] = stamp
    rows.change(tx, campaign_id, approvals=after, updated_at=desk.clock.iso())
    impact = impact_of(desk, tx, campaign_id, "enable" if stamp else "disable")
    told = ({"approvals": before}, {"approvals": after})
    record(desk, tx, campaign_id, action, *told, reason=reason, impact=impact)
    return view(tx, rows.get(tx, campaign_id), line(desk, tx))


def again(desk: Desk, campaign_id: str, *, reason: str | None = None) -> CampaignView:
    """Queue one more run: a failed one again with its seed, else the next seed.

    Raises:
        Conflict: It is not enabled, a run of it waits or runs, or its list of seeds has ended.
    """
    with changing(desk) as tx:
        campaign = rows.get(tx, campaign_id)
        live = runs.live(tx, campaign_id)
        run = None if live or campaign.state != "enabled" else queue_run(desk, tx, campaign)
        if run is None:
            why_not = f"run {live[0].id} is {live[0].state}" if live else "no seed is left"
            if campaign.state != "enabled":
                why_not = f"it is {campaign.state}"
            raise Conflict(
                f"campaign {campaign_id} gets no further run: {why_not}",
                allowed="an enabled campaign without a live run, with a seed left",
                remedy="omp queue why shows what it waits for",
            )
        record(
            desk,
            tx,
            campaign_id,
            "run",
            {},
            {"run_id": run.id, "seed": run.seed},
            reason=reason,
            impact=impact_of(desk, tx, campaign_id, "run"),
        )
        return view(tx, rows.get(tx, campaign_id), line(desk, tx))
