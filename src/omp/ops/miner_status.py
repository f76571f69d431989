"""The status of the API, in its published spelling (docs/reference/api.md)."""

import os
import shutil
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from omp.config.fingerprint import engine_version
from omp.ops import care, delivery, freeze, maintenance
from omp.ops.desk import Desk
from omp.ops.miner import state
from omp.ops.phrases import sentence
from omp.ops.presence import daemon
from omp.ops.queue_holds import quiet_because, quiet_until
from omp.ops.queue_next import line
from omp.ops.queue_why import BLOCKED_KEY
from omp.store import campaigns, incidents, journal, meta, runs
from omp.store.journal import Record
from omp.store.runs import Run

RESOURCES_KEY = "resources"
"""Under this name the daemon keeps its last reading, with `at`."""

LOOP_KEY = "loop"
"""Under this name the daemon keeps facts of its loop: interval_s, throttled, last_tick_at."""

ACTIVITY = 50


def status(desk: Desk, *, environment: str | None = None) -> dict[str, Any]:
    """What the miner does, what runs, what waits, what happened last."""
    miner = state(desk)
    present = daemon(desk.workspace)
    now = desk.clock.now()
    with desk.read() as tx:
        names = {one.id: one.name for one in campaigns.listed(tx, removed=True)}
        running = runs.find(tx, states=("running",), newest_first=False, environment=environment)
        waiting = line(desk, tx)
        activity = journal.records(tx, limit=ACTIVITY, newest_first=True)
        names |= {one.id: names[one.campaign_id] for one in runs.find(tx, limit=ACTIVITY)}
        last = incidents.find(tx, limit=1)
        reading = meta.get_json(tx, RESOURCES_KEY)
        blocked = meta.get_json(tx, BLOCKED_KEY)
        loop = meta.get_json(tx, LOOP_KEY)
        at_work = maintenance.of(tx)
        frozen = freeze.freezing(tx)
    quiet = quiet_until(desk)
    reasons = [*desk.refused, *(blocked or {}).get("reasons", [])]
    reasons += filter(None, [quiet_because(desk)])
    depth = [one for one in waiting if environment in (None, one.run.environment)]
    return {
        "status": miner.state,
        "wanted": miner.wanted,
        "actions": list(miner.actions),
        "reason": miner.reason,
        "resources": _resources(desk, reading, now),
        "blocked": reasons,
        "maintenance": asdict(at_work),
        "quietUntil": None if quiet is None else journal.iso(quiet[0]),
        "throttled": bool((loop or {}).get("throttled")),
        "promotionsFrozen": [one.id for one in frozen.incidents] if frozen else [],
        "delivery": delivery.state(desk),
        "care": care.state(desk),
        "currentRuns": [_run(one, names, now) for one in running],
        "queueDepth": len(depth),
        "activityLog": [_activity(one, names) for one in activity],
        "lastIncident": _incident(last[0]) if last else None,
        "uptimeS": 0 if present is None else _age_s(present.started_at, now),
        "version": engine_version(),
        "operator": desk.operator,
        "role": desk.role,
    }


def _resources(desk: Desk, reading: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    """The daemon's last reading, or our own where there is none that is fresh."""
    fresh_s = 2 * desk.settings.loop.interval_s + 5
    if reading and "at" in reading and _age_s(reading["at"], now) <= fresh_s:
        age_s = _age_s(reading["at"], now)
    else:
        cores = os.cpu_count() or 1
        reading = {
            "cpu_util_pct": min(100.0, 100.0 * os.getloadavg()[0] / cores),
            "mem_available_mb": memory_mb("MemAvailable"),
            "disk_free_gb": shutil.disk_usage(desk.workspace.root).free / 1e9,
        }
        age_s = 0
    limits = desk.settings.limits
    return {
        "cpuUtilPct": round(float(reading["cpu_util_pct"]), 1),
        "memAvailableMb": round(float(reading["mem_available_mb"]), 1),
        "diskFreeGb": round(float(reading["disk_free_gb"]), 3),
        "diskFullInS": reading.get("disk_full_in_s"),
        "ageS": age_s,
        "limits": {
            "maxCpuUtilPct": limits.max_cpu_util_pct,
            "minMemAvailableMb": limits.min_mem_available_mb,
            "minDiskFreeGb": limits.min_disk_free_gb,
            "warnDiskFreeGb": limits.warn_disk_free_gb,
            "maxConcurrentCampaigns": limits.max_concurrent_campaigns,
        },
    }


def memory_mb(field: str) -> float:
    """A field of the machine's `/proc/meminfo`, MB; 0 where it has none of that name."""
    for line_ in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        name, _, value = line_.partition(":")
        if name == field:
            return int(value.split()[0]) / 1024
    return 0.0


def _age_s(then: str, now: datetime) -> int:
    try:
        return max(0, int((now - datetime.fromisoformat(then)).total_seconds()))
    except (ValueError, TypeError):
        return 0


def _run(run: Run, names: dict[str, str], now: datetime) -> dict[str, Any]:
    return {
        "id": run.id,
        "campaignId": run.campaign_id,
        "campaign": names.get(run.campaign_id, run.campaign_id),
        "environment": run.environment,
        "stage": run.stage,
        "attempt": run.attempt,
        "seed": run.seed,
        "generation": run.generation,
        "generations": run.generations,
        "bestSharpe": run.best_sharpe,
        "candidates": run.candidates,
        "trials": run.trials,
        "evalsPerS": run.evals_per_s,
        "etaS": run.eta_s,
        "startedAt": run.started_at,
        "progressAt": run.progress_at,
        "runningS": _age_s(run.started_at, now) if run.started_at else 0,
        "pid": run.pid,
    }


def _activity(record: Record, names: dict[str, str]) -> dict[str, Any]:
    return {
        "seq": record.seq,
        "timestamp": record.ts,
        "kind": record.kind,
        "subject": record.subject,
        "operator": record.operator,
        "campaign": _campaign(record, names),
        "message": sentence(record),
    }


def _campaign(record: Record, names: dict[str, str]) -> str | None:
    """Name of the campaign that a record is about, directly or by its run."""
    about = (record.payload.get(key) for key in ("campaign_id", "run_id"))
    return next((names[str(one)] for one in (*about, record.subject) if one in names), None)


def _incident(incident: incidents.Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "severity": incident.severity,
        "state": incident.state,
        "summary": incident.summary,
        "detectedAt": incident.detected_at,
        "resolvedAt": incident.resolved_at,
        "occurrences": incident.occurrences,
    }
