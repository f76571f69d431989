"""The health check before mining: every check by name, and the remedy of each that fails."""

from dataclasses import dataclass

from omp.config.settings import load_settings
from omp.daemon.watchdog import JUDGING, JUDGING_SHARE, Bounds, Memory
from omp.domain.errors import OmpError
from omp.domain.limits import Resources
from omp.ops.desk import Desk

KEY = "daemon.health"
"""Under this name the last check is kept: {"ok": …, "checks": [{name, ok, sentence}], "at": …}."""


@dataclass(frozen=True)
class Check:
    """One check and its answer."""

    name: str
    ok: bool
    sentence: str


@dataclass(frozen=True)
class Health:
    """All checks; mining begins only when each is passed."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(one.ok for one in self.checks)

    @property
    def failing(self) -> tuple[Check, ...]:
        return tuple(one for one in self.checks if not one.ok)


def check(
    desk: Desk, memory: Memory, reading: Resources | None, bounds: Bounds, *, unjudged: int = 0
) -> Health:
    """Check what mining needs of the machine and of the workspace.

    Data and configuration of each campaign are proven once more when its run is claimed.

    Args:
        desk: The workspace.
        memory: What the watchdog holds back.
        reading: The last reading of the machine; None fails whatever needs one.
        bounds: The limits in force.
        unjudged: Finished runs that wait to be judged.
    """
    return Health(
        (
            *_machine(memory, reading, bounds),
            _judging(memory, unjudged, bounds),
            _database(desk),
            _configuration(desk),
            _folders(desk),
        )
    )


def _machine(memory: Memory, reading: Resources | None, bounds: Bounds) -> tuple[Check, ...]:
    if reading is None:
        return (Check("machine", False, "the machine was not read yet"),)
    return (
        Check(
            "disk",
            memory.disk != "critical",
            f"{reading.disk_free_gb:.2f} GB and {reading.inodes_free_pct:.0f} % of the inodes are "
            f"free on the disk, mining needs {bounds.min_disk_free_gb:g} GB: "
            "omp cleanup --dry-run lists what may go, then omp start",
        ),
        Check(
            "memory",
            "memory" not in memory.blocked,
            f"{reading.mem_available_mb:.0f} MB of memory are available, a new run needs "
            f"{bounds.min_mem_available_mb:g} MB",
        ),
        Check(
            "cpu",
            "cpu" not in memory.blocked,
            f"other programs use {reading.cpu_others_pct:.0f} % of the processors, a new run "
            f"starts below {bounds.max_cpu_util_pct:g} %",
        ),
    )


def _judging(memory: Memory, unjudged: int, bounds: Bounds) -> Check:
    limit = bounds.max_unjudged_runs
    return Check(
        "judging",
        JUDGING not in memory.blocked,
        f"{unjudged} finished runs wait to be judged, a new run starts again at "
        f"{limit // JUDGING_SHARE} ([limits] max_unjudged_runs = {limit})",
    )


def _database(desk: Desk) -> Check:
    if desk.db.failed:
        return Check("database", False, f"the database takes no writes: {desk.db.failed}")
    try:
        with desk.db.write():
            pass
    except OmpError as error:
        return Check("database", False, error.sentence)
    return Check("database", True, "the database takes writes")


def _configuration(desk: Desk) -> Check:
    try:
        load_settings(desk.workspace.config_file)
    except OmpError as error:
        return Check("configuration", False, error.sentence)
    return Check("configuration", True, "the configuration is valid")


def _folders(desk: Desk) -> Check:
    missing = [one for one in desk.workspace.folders if not one.is_dir()]
    if missing:
        names = ", ".join(str(one.relative_to(desk.workspace.root)) for one in missing)
        return Check("folders", False, f"the workspace lacks {names}: omp init makes them again")
    return Check("folders", True, "every folder is there")
