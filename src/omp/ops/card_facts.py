"""What fills each card: facts from the record, by the names its template uses."""

import json
from typing import Any

from sqlalchemy import Connection

from omp.config.campaign_file import CampaignFile, parse_campaign
from omp.domain.errors import InvalidInput, NotFound, OmpError
from omp.gates.case import RISK_ANALYST, TRADER_EXPERT
from omp.ops import hall_check, incidents, miner, queue_view
from omp.ops.desk import Desk
from omp.ops.docket import open_docket
from omp.ops.miner_status import memory_mb
from omp.store import campaigns, hall, journal, snapshots, vault, verdicts
from omp.store import incidents as incident_rows
from omp.store import looks as look_rows
from omp.store import runs as run_rows
from omp.store.campaigns import Campaign
from omp.store.runs import Run

APPROVALS = (
    ("researcher", "Quant-researcher reviewed"),
    ("config", "Config validated"),
    ("data", "Data readiness confirmed"),
)
IMPACT_PER_VENUE = {
    "us": "bars as traded in New York; fills at the open, no partial fills, no borrow fees",
    "br": "bars as traded at B3; fills at the open, lots and borrow fees are not modelled",
    "synthetic": "a made-up market; fills at the open",
}

CHARGES_PER_VENUE = {
    "us": "SEC and FINRA fees on sales are within the commission: below 0.4 bp a side for shares "
    "from 5 dollars on; borrowed shares are not charged (about 30 bp a year is assumed)",
    "br": "fees of B3 are within the commission, those of a day trade where positions close within "
    "their session; borrowed shares are not charged (about 200 bp a year is assumed)",
    "synthetic": "nothing is charged beside these",
}


def _campaign(desk: Desk, campaign_id: str | None) -> tuple[Campaign, CampaignFile]:
    with desk.read() as tx:
        found = campaigns.get(tx, campaign_id or "", removed=True)
        text = campaigns.config(tx, found.config_hash).text
    return found, parse_campaign(text, name=found.name)


def campaign_spec(desk: Desk, campaign_id: str | None) -> dict[str, Any]:
    """The spec card of a campaign."""
    found, file = _campaign(desk, campaign_id)
    seeds = file.search.seeds
    listed = (
        ", ".join(str(one) for one in seeds.listed)
        if seeds.listed is not None
        else f"{seeds.first}, {seeds.first + seeds.step}, {seeds.first + 2 * seeds.step}, …"
    )
    approved = [(label, found.approvals.get(name)) for name, label in APPROVALS]
    return {"campaign": found, "file": file, "seeds": listed, "approvals": approved}


def queue_change(desk: Desk, subject: str | None) -> dict[str, Any]:
    """One change of the queue: by its id, a campaign's last, or the last of all by default."""
    found = queue_view.changes(desk, limit=1_000_000)
    one = next((each for each in found if subject in (None, each.id, each.campaign_id)), None)
    if one is None:
        raise NotFound(
            f"there is no queue change {subject or 'yet'}",
            allowed="the id of a change, or of a campaign for its last change",
            remedy="omp report daily lists the changes of a day with their ids, "
            "GET /api/omp/queue/changes all of them; omp queue list shows the campaigns",
        )
    return {"change": one, "previous": _plain(one.previous), "new": _plain(one.new)}


def _plain(state: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(state.items())) or "none"


def daily_log(desk: Desk, day: str | None) -> dict[str, Any]:
    """What happened on a day (UTC)."""
    wanted = day or desk.clock.iso()[:10]
    if len(wanted) != len("2026-01-01") or wanted.count("-") != 2:
        raise InvalidInput(f"day {wanted!r}", allowed="YYYY-MM-DD")
    with desk.read() as tx:
        records = _of_day(tx, wanted)
        opened = [
            one for one in incident_rows.find(tx, limit=10_000) if one.detected_at[:10] == wanted
        ]
    kinds = [one.kind for one in records]
    changes = [one for one in queue_view.changes(desk, limit=10_000) if one.ts[:10] == wanted]
    status = miner.status(desk)
    return {
        "day": wanted,
        "operator": desk.operator,
        "miner": miner.state(desk).state,
        "completed": kinds.count("run.completed"),
        "failed": kinds.count("run.failed"),
        "promotions": kinds.count("hall.promoted"),
        "looks": kinds.count("look.granted"),
        "resources": status.get("resources") or {},
        "incidents": opened,
        "changes": changes,
        "records": len(records),
        "canaries": kinds.count("canary.judged"),
    }


def _of_day(tx: Connection, day: str) -> list[journal.Record]:
    found: list[journal.Record] = []
    after = 0
    while batch := journal.records(tx, after=after, limit=1000):
        found += [one for one in batch if one.ts[:10] == day]
        after = batch[-1].seq
    return found


def report_of_incident(desk: Desk, incident_id: str | None) -> dict[str, Any]:
    """An incident's report."""
    found = incidents.get(desk, incident_id or "")
    return {"incident": found, "details": found.details}


def packet_of(desk: Desk, candidate_id: str | None) -> dict[str, Any]:
    """The packet of an entry, as it was when it was promoted."""
    with desk.read() as tx:
        entry = hall.get(tx, candidate_id or "")
    folder = desk.workspace.entry(entry.candidate_id)
    if faults := vault.faults(folder, {"packet.json": entry.artifacts.get("packet.json", "")}):
        raise NotFound(
            f"the packet of {entry.candidate_id} is not whole: {faults[0]}",
            remedy="put the folder back from your own copy of it",
        )
    return {"packet": json.loads((folder / "packet.json").read_bytes())}


def integrity(desk: Desk, _subject: str | None) -> dict[str, Any]:
    """The integrity check of the Hall, made now."""
    return {"check": hall_check.check(desk)}


def infra_handoff(desk: Desk, _subject: str | None) -> dict[str, Any]:
    """What the machine has, and which incidents are open about it."""
    status = miner.status(desk)
    opened = incidents.listed(desk, open_only=True)
    worst = min((one.severity for one in opened), default="")
    seen = status["resources"]
    return {
        "cpu_used": seen["cpuUtilPct"] / 100,
        "memory_used": 1 - seen["memAvailableMb"] / memory_mb("MemTotal"),
        "disk_free_gb": seen["diskFreeGb"],
        "miner": miner.state(desk).state,
        "incidents": opened,
        "priority": {"SEV-0": "high", "SEV-1": "high", "SEV-2": "medium"}.get(worst, "low"),
    }


def _run(desk: Desk, subject: str | None) -> tuple[Run, Campaign]:
    """A run, asked for by its id, by an entry of the Hall, or by the subject it offers."""
    name = subject or ""
    with desk.read() as tx:
        entry = hall.find(tx, name)
        offered = None if entry else run_rows.of_subject(tx, name)
        run = offered or run_rows.get(tx, entry.run_id if entry else name)
        return run, campaigns.get(tx, run.campaign_id, removed=True)


def review_handoff(desk: Desk, run_id: str | None) -> dict[str, Any]:
    """What a reviewer is asked, with the figures of the run's subject."""
    run, campaign = _run(desk, run_id)
    if run.subject_id is None:
        raise NotFound(
            f"run {run.id} offers nothing to review",
            allowed="a run with a subject",
            remedy=f"omp promote-check {run.id}",
        )
    with desk.read() as tx:
        kept = verdicts.latest(tx, run.id, run.subject_id)
        signed = hall.reviews_of(tx, run.id, run.subject_id)
        look = look_rows.of_run(tx, run.id)
    given = {one.verdict.gate: one.verdict for one in kept}
    return {
        "run": run,
        "campaign": campaign,
        "given": given,
        "look": look,
        "waits_for": run.first_failed_gate if run.outcome == "waiting" else None,
        "risk_analyst": [one for one in signed if one.role == RISK_ANALYST],
        "trader_expert": [one for one in signed if one.role == TRADER_EXPERT],
        "market_note": IMPACT_PER_VENUE.get(campaign.market, "no model of this market"),
    }


def data_handoff(desk: Desk, campaign_id: str | None) -> dict[str, Any]:
    """A campaign's data, and the faults that keep it from mining."""
    found, file = _campaign(desk, campaign_id)
    with desk.read() as tx:
        waiting = sum(1 for one in campaigns.listed(tx) if one.state == "enabled")
        known = snapshots.listed(tx, environment=found.environment)
    snapshot = next((one for one in known if one.name == file.data.source), None)
    faults: list[Any] = []
    ready: bool | None = None
    if snapshot is not None:
        path = desk.workspace.snapshots / snapshot.digest / "readiness.json"
        try:
            certificate = json.loads(path.read_bytes())
            ready, faults = certificate.get("ready"), certificate.get("faults") or []
        except (OSError, ValueError):
            faults = [f"there is no certificate at {path.name}"]
    return {
        "campaign": found,
        "file": file,
        "snapshot": snapshot,
        "ready": ready,
        "faults": faults,
        "affected": waiting,
        "miner": miner.state(desk).state,
    }


def request(desk: Desk, campaign_id: str | None) -> dict[str, Any]:
    """The researcher's request that a campaign stands for."""
    found, file = _campaign(desk, campaign_id)
    facts = data_handoff(desk, campaign_id)
    synthetic = file.data.source.startswith("synthetic:")
    return {
        "campaign": found,
        "file": file,
        "ready": True if synthetic else facts["ready"],
        "within_budget": file.search.max_runtime_s <= 24 * 3600,
    }


def assumptions(desk: Desk, run_id: str | None) -> dict[str, Any]:
    """How a run's trades were simulated, and what nobody simulated."""
    run, campaign = _run(desk, run_id)
    docket = open_docket(desk, run.id)
    evidence = docket.evidence
    facts: dict[str, Any] = {"given": {}, "trader_expert": []}
    if run.subject_id is not None:
        try:
            facts = review_handoff(desk, run.id)
        except OmpError as error:
            facts["fault"] = error.sentence
    with desk.read() as tx:
        text = campaigns.config(tx, run.config_hash).text
    subject = next(
        (one for one in evidence.candidates if one.candidate_id == run.subject_id),
        next((one for one in evidence.candidates if one.candidate_id == evidence.champion), None),
    )
    stress = {} if subject is None else {one.scenario: one for one in subject.stress}
    limit = desk.settings.gates["execution"].options.get("max_turnover_annual")
    return {
        "run": run,
        "campaign": campaign,
        "file": parse_campaign(text, name=campaign.name),
        "evidence": evidence,
        "given": facts["given"],
        "signed": facts["trader_expert"],
        "stress": stress,
        "limit": limit,
        "charges_note": CHARGES_PER_VENUE.get(campaign.market, "nothing is charged beside these"),
        "market_note": IMPACT_PER_VENUE.get(campaign.market, "no model of this market"),
    }
