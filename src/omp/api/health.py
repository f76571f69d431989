"""Is it alive, may it be used, and its figures for a monitoring system."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from omp.api.edge import acting_desk, reply
from omp.domain.errors import OmpError
from omp.domain.incident import SEVERITIES
from omp.domain.miner import MINER
from omp.ops import incidents
from omp.ops.desk import Desk
from omp.ops.miner_status import status
from omp.store import journal, runs

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=dict[str, str])
async def healthz() -> Response:
    """The process answers; open to everybody."""
    return reply({"status": "ok"})


@router.get("/readyz", response_model=dict[str, Any])
def readyz(request: Request) -> Response:
    """The record can be read and is whole up to its anchor; 503 names what is not."""
    faults = _faults(request)
    return reply({"ready": not faults, "faults": faults}, status=503 if faults else 200)


def _faults(request: Request) -> list[str]:
    try:
        desk = acting_desk(request)
        with desk.read() as tx:
            behind = journal.behind(tx, desk.workspace)
    except OmpError as error:
        return [error.sentence]
    return [*desk.refused, *filter(None, [behind])]


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Figures in the exposition format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(acting_desk(request)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class Figures(Collector):
    """The state of a workspace at this instant, as metrics."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> Iterable[Metric]:
        """Every metric there is."""
        now = status(self._desk)
        with self._desk.read() as tx:
            states = runs.count_by_state(tx)
            last = journal.head(tx)
        yield _one_of("omp_miner_state", "State of the miner", MINER.states, now["status"])
        yield _one_of("omp_miner_wanted", "Wanted state of the miner", MINER.states, now["wanted"])
        yield GaugeMetricFamily("omp_queue_depth", "Runs that wait", value=now["queueDepth"])
        yield GaugeMetricFamily("omp_current_runs", "Runs under way", value=len(now["currentRuns"]))
        yield GaugeMetricFamily("omp_uptime_seconds", "Of the daemon", value=now["uptimeS"])
        yield CounterMetricFamily("omp_journal_records", "Records written", value=last.seq)
        yield from _machine(now["resources"])
        family = GaugeMetricFamily("omp_runs", "Runs by state", labels=["state"])
        for state, number in sorted(states.items()):
            family.add_metric([state], number)
        yield family
        yield self._incidents()
        yield from _delivery(now["delivery"])
        yield from _care(now["care"])

    def _incidents(self) -> Metric:
        family = GaugeMetricFamily("omp_incidents_open", "Open incidents", labels=["severity"])
        found = incidents.listed(self._desk, open_only=True, limit=10_000)
        for severity in SEVERITIES:
            family.add_metric([severity], sum(one.severity == severity for one in found))
        return family


def _one_of(name: str, about: str, states: Iterable[str], current: str) -> Metric:
    family = GaugeMetricFamily(name, about, labels=["state"])
    for state in states:
        family.add_metric([state], float(state == current))
    return family


def _machine(reading: dict[str, Any]) -> Iterable[Metric]:
    rows = (
        ("omp_cpu_util_ratio", "Share of all cores busy", reading["cpuUtilPct"] / 100),
        ("omp_mem_available_bytes", "Memory available", reading["memAvailableMb"] * 2**20),
        ("omp_disk_free_bytes", "Free on the workspace's disk", reading["diskFreeGb"] * 1e9),
    )
    for name, about, value in rows:
        yield GaugeMetricFamily(name, about, value=value)


def _care(care: dict[str, Any]) -> Iterable[Metric]:
    for name, key in (("backup", "backup"), ("scrub", "scrub"), ("archive_check", "archiveCheck")):
        age_h = care[key]["ageH"]
        if age_h is not None:
            about = f"Since the last {name.replace('_', ' ')}"
            yield GaugeMetricFamily(f"omp_{name}_age_seconds", about, value=age_h * 3600)
    family = GaugeMetricFamily("omp_runs_bytes", "Directories of runs by place", labels=["place"])
    for place, found in sorted(care["places"].items()):
        family.add_metric([place], found["bytes"])
    yield family


def _delivery(waiting: dict[str, Any]) -> Iterable[Metric]:
    mirror, alerts = waiting["mirror"], waiting["alerts"]
    rows = (
        ("omp_mirror_configured", "There is a PostgreSQL mirror", float(mirror["configured"])),
        ("omp_mirror_pending", "Deliveries the mirror has not confirmed", mirror["pending"]),
        ("omp_mirror_lag_seconds", "Age of the oldest of them", mirror["lagS"]),
        ("omp_mirror_drift", "Entries that differed at the last comparison", mirror["drift"]),
        ("omp_alerts_targets", "Addresses that people are told at", alerts["targets"]),
        ("omp_alerts_waiting", "Alerts that nobody was told of yet", alerts["waiting"]),
    )
    for name, about, value in rows:
        yield GaugeMetricFamily(name, about, value=value)
