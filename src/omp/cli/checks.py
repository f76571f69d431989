"""What `health`, `doctor`, `verify` and `config check` look at: one small function a check."""

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omp.cli.doors import DAEMON_NAME, live_daemon
from omp.cli.shut_in import sealed_window
from omp.domain.errors import InvalidConfiguration, OmpError
from omp.wire.workspace import Workspace

if TYPE_CHECKING:
    from omp.cli.face import Face

OLDEST_PYTHON = (3, 11)
MIRROR_LAG_S = 3600
"""A mirror that fails for longer is bad news."""
LINUX = "use a Linux machine, a virtual one, or WSL 2"
ANY = "correct what is named, then look again with the same command"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def _try(name: str, look: Callable[[], str]) -> Check:
    """A check that passes with what `look` says, and fails with what it raises."""
    try:
        return Check(name, ok=True, detail=look())
    except InvalidConfiguration as error:
        told = "; ".join(str(fault) for fault in error.faults) or error.asked
        return Check(name, ok=False, detail=told, remedy=error.remedy or ANY)
    except OmpError as error:
        return Check(name, ok=False, detail=error.asked, remedy=error.remedy or ANY)


def check_files(workspace: Workspace) -> list[Check]:
    """The configuration and every campaign file."""
    from omp.config.campaign_file import read_campaign
    from omp.config.settings import load_settings

    def one(path: Path) -> str:
        campaign = read_campaign(path)
        return f"{campaign.campaign.name}, {campaign.config_hash[:12]}"

    checks = [_try("omp_config.toml", lambda: load_settings(workspace.config_file).digest[:12])]
    paths = sorted(workspace.campaigns.glob("*.toml"))
    return checks + [_try(path.name, partial(one, path)) for path in paths]


def health_checks(face: "Face") -> list[Check]:
    """Whether the daemon lives, answers, and may mine."""
    daemon = live_daemon(face.workspace)
    if daemon is None:
        remedy = "omp up, or omp start for one in the background"
        return [Check("daemon", ok=False, detail="not running", remedy=remedy)]
    try:
        view = face.call("miner.status")
    except OmpError as error:
        return [Check("daemon", ok=False, detail=error.asked, remedy=error.remedy or ANY)]
    return [
        Check("daemon", ok=True, detail=f"process {daemon.pid} at {daemon.address}"),
        *_miner(view),
        _blocked(view),
        _incidents(face),
        _promotions(view),
        *_delivery(view.get("delivery") or {}),
        *_care(view.get("care") or {}),
        *_machine(face.workspace, view.get("resources") or {}),
    ]


def _miner(view: dict[str, Any]) -> Iterable[Check]:
    state, wanted = view.get("status"), view.get("wanted")
    yield Check(
        "miner",
        ok=wanted in (None, state),
        detail=f"{state}, wanted {wanted}",
        remedy="" if wanted in (None, state) else "omp status and omp incidents list say why",
    )


def _incidents(face: "Face") -> Check:
    found = face.call("incidents.list", state="open").get("items") or []
    if not found:
        return Check("incidents", ok=True, detail="none open")
    worst = min(found, key=lambda one: str(one.get("severity")))
    told = f"{worst.get('id')} {worst.get('severity')}: {worst.get('summary')}"
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    remedy = f"omp incidents show {worst.get('id')}, then omp incidents resolve it"
    return Check("incidents", ok=False, detail=told + more, remedy=remedy)


def _blocked(view: dict[str, Any]) -> Check:
    reasons = view.get("blocked") or []
    detail = "; ".join(map(str, reasons)) or "nothing holds new runs back"
    return Check("mining", not reasons, detail, "omp status; each reason says what lifts it")


def _promotions(view: dict[str, Any]) -> Check:
    frozen = view.get("promotionsFrozen") or []
    if not frozen:
        return Check("promotions", ok=True, detail="allowed")
    remedy = "omp incidents resolve, with cause, resolution and prevention"
    return Check("promotions", ok=False, detail=f"frozen by {', '.join(frozen)}", remedy=remedy)


def _delivery(waiting: dict[str, Any]) -> Iterable[Check]:
    mirror, alerts = waiting.get("mirror") or {}, waiting.get("alerts") or {}
    if not mirror.get("configured"):
        yield Check("mirror", ok=True, detail="none is configured; the Hall here is whole")
    else:
        pending, lag_s, error = mirror.get("pending"), mirror.get("lagS", 0), mirror.get("error")
        told = f"{pending} wait, the oldest for {lag_s} s" if pending else "everything is delivered"
        told += f"; {mirror['drift']} differ from the mirror" if mirror.get("drift") else ""
        told += f": {error}" if error else ""
        well = not mirror.get("drift") and not (error and lag_s > MIRROR_LAG_S)
        remedy = "omp hof-sync says what is wrong, omp hof-sync --repair delivers anew"
        yield Check("mirror", well, told, "" if well else remedy)
    told = f"{alerts.get('targets', 0)} addresses, {alerts.get('waiting', 0)} alerts wait"
    error = alerts.get("error")
    remedy = "correct the address in [alerts] or its environment variable, then omp alerts test"
    yield Check("alerts", not error, f"{told}: {error}" if error else told, remedy if error else "")


def _care(care: dict[str, Any]) -> Iterable[Check]:
    """Age of the last backup, scrub and restore check."""
    rows = (
        ("backup", "backup", "omp backup says what is in its way"),
        ("scrub", "scrub", "omp verify proves the record now; omp restore FILE --into DIR"),
        ("archive", "archiveCheck", "omp incidents list names the copies; look at their disk"),
    )
    for name, key, remedy in rows:
        one = care.get(key) or {}
        age_h, every_h, faults = one.get("ageH"), one.get("everyH"), one.get("faults") or 0
        told = "none yet" if age_h is None else f"the last {age_h:.1f} h ago"
        told += f", due every {every_h:g} h" if every_h else ", never by itself"
        if one.get("supported") is False:
            told = "the record is in PostgreSQL: back it up with its own tools, then the folder"
        told += f"; {faults} faults" if faults else ""
        well = not one.get("late") and not faults
        yield Check(name, well, told, "" if well else remedy)


def _machine(workspace: Workspace, machine: dict[str, Any]) -> Iterable[Check]:
    from omp.config.settings import load_settings

    try:
        limits = load_settings(workspace.config_file).settings.limits
    except OmpError as error:
        yield Check("configuration", ok=False, detail=error.asked, remedy=error.remedy)
        return
    rows = (
        ("memory", "memAvailableMb", limits.min_mem_available_mb, "MB", "end other programs"),
        ("disk", "diskFreeGb", limits.min_disk_free_gb, "GB", "omp cleanup --dry-run"),
    )
    for name, key, least, unit, remedy in rows:
        value = machine.get(key)
        if not isinstance(value, int | float):
            yield Check(name, ok=False, detail="not measured yet", remedy="look again in a moment")
            continue
        ok = value >= least
        detail = f"{value:.1f} {unit}, at least {least:g}"
        yield Check(name, ok=ok, detail=detail, remedy="" if ok else remedy)


def doctor_checks(workspace: Workspace) -> list[Check]:
    """Machine, installation, workspace."""
    checks = [_system(), _python(), _packages(), _engine()]
    if not workspace.config_file.is_file():
        detail = f"none at {workspace.root}"
        return [*checks, Check("workspace", ok=False, detail=detail, remedy="omp up creates it")]
    return [
        *checks,
        _folders(workspace),
        _secrets(workspace),
        Check("sealed window", ok=True, detail=sealed_window()),
        _containment(workspace),
        _disk(workspace),
        _daemon(workspace),
        *_outside(workspace),
        *check_files(workspace),
    ]


def _containment(workspace: Workspace) -> Check:
    from omp.daemon.cgroups import Cgroups

    return Check("run trees", ok=True, detail=Cgroups(workspace.root).words)


def _system() -> Check:
    release = os.uname()
    return Check("system", sys.platform == "linux", f"{release.sysname} {release.release}", LINUX)


def _python() -> Check:
    version = sys.version_info[:3]
    detail = ".".join(map(str, version))
    return Check("python", version >= OLDEST_PYTHON, detail, "install Python 3.11 or newer")


def _packages() -> Check:
    missing = []
    for line in metadata.requires("omp") or ():
        if "extra ==" in line:
            continue
        name = line.split(";")[0].split("[")[0]
        name = "".join(one if one.isalnum() or one in "-_." else " " for one in name).split()[0]
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    detail = f"missing: {', '.join(missing)}" if missing else "all installed"
    return Check("packages", not missing, detail, "install again from uv.lock" if missing else "")


def _engine() -> Check:
    from importlib.util import find_spec

    missing = [name for name in ("numba", "numpy", "polars", "talib") if find_spec(name) is None]
    detail = f"missing: {', '.join(missing)}" if missing else "its libraries are there"
    return Check("engine", not missing, detail, "install again from uv.lock" if missing else "")


def _folders(workspace: Workspace) -> Check:
    missing = [one for one in workspace.folders if not one.is_dir()]
    unwritable = [one for one in workspace.folders if one.is_dir() and not os.access(one, os.W_OK)]
    if missing:
        return Check("folders", ok=False, detail=f"missing: {missing[0]}", remedy="omp init")
    if unwritable:
        detail = f"not writable: {unwritable[0]}"
        return Check("folders", ok=False, detail=detail, remedy="make this user their owner")
    return Check("folders", ok=True, detail=str(workspace.root))


def _secrets(workspace: Workspace) -> Check:
    token = workspace.state / "token"
    open_ones = [
        path
        for path in (*workspace.private_folders, token)
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_ones:
        detail = f"others may read {open_ones[0]}"
        return Check("secrets", ok=False, detail=detail, remedy=f"chmod go= {open_ones[0]}")
    return Check("secrets", ok=True, detail="readable by their owner alone")


def _disk(workspace: Workspace) -> Check:
    free_gb = shutil.disk_usage(workspace.root).free / 1e9
    return Check("disk", free_gb >= 2.0, f"{free_gb:.1f} GB free", "omp cleanup --dry-run")


def _daemon(workspace: Workspace) -> Check:
    daemon = live_daemon(workspace)
    if daemon is not None:
        return Check("daemon", ok=True, detail=f"process {daemon.pid} at {daemon.address}")
    left = (workspace.state / DAEMON_NAME).exists()
    detail = "it ended without a farewell; the next start puts things right" if left else "none"
    return Check("daemon", ok=True, detail=detail)


def _outside(workspace: Workspace) -> Iterable[Check]:
    """The mirror and the addresses that this command's environment names."""
    from omp.config.settings import load_settings

    try:
        settings = load_settings(workspace.config_file).settings
    except OmpError:
        return  # the check of the file tells its faults
    if url := os.environ.get(settings.sync.url_env):
        yield _try("mirror", lambda: _mirror(url))
    if os.environ.get(settings.alerts.urls_env) or settings.alerts.urls:
        yield _try("alerts", lambda: _addresses(settings))


def _mirror(url: str) -> str:
    from omp.store.mirror import Mirror

    with Mirror(url, "doctor", limit_s=15.0).session() as session:
        row = session.execute(
            b"SELECT current_setting('server_version'), coalesce((SELECT ssl FROM pg_stat_ssl"
            b" WHERE pid = pg_backend_pid()), false)"
        ).fetchone()
    version, is_encrypted = row or ("unknown", False)
    return f"PostgreSQL {version}, {'encrypted' if is_encrypted else 'not encrypted'}"


def _addresses(settings: Any) -> str:
    from omp.domain.errors import InvalidInput
    from omp.ops.alert_targets import faults_of, targets_of

    found = targets_of(settings.alerts)
    if faults := faults_of(found):
        raise InvalidInput("; ".join(faults), remedy="correct them, then: omp alerts test")
    return f"apprise knows all {len(found)}; omp alerts test sends a message"


def verify_checks(face: "Face") -> list[Check]:
    """The journal's chain and anchor, the database, the Hall of Fame."""
    from omp.store import journal, reconcile, seals
    from omp.store.database import Database

    settings_url = _store_url(face.workspace)
    db = Database.open(settings_url or face.workspace.database, must_exist=True)
    try:
        checks = [_try("database", lambda: _database(db))]
        with db.read() as tx:
            behind = journal.behind(tx, face.workspace)
            broken = journal.verify(tx)
            head = journal.head(tx)
            rows, gaps = list(seals.broken(tx)), list(reconcile.gaps(tx))
        chain = f"record {broken} does not fit" if broken else f"{head.seq} records fit"
        remedy = "do not trust what follows it; restore a backup"
        checks.append(Check("journal", broken is None, chain, "" if broken is None else remedy))
        flipped = "; ".join(rows[:3]) or "looks, charges and verdicts have their hashes"
        checks.append(Check("rows", not rows, flipped, remedy if rows else ""))
        agree = "; ".join(gaps[:3]) or "looks and charges are those that the journal tells of"
        checks.append(Check("ledger", not gaps, agree, remedy if gaps else ""))
        anchored = str(behind) if behind else f"holds record {head.seq} or an earlier one"
        accept = "say what happened: omp incidents list --open, then omp incidents resolve ID"
        checks.append(Check("anchor", behind is None, anchored, "" if behind is None else accept))
    finally:
        db.close()
    hall = face.call("hall.check")
    issues = hall.get("issues") or []
    detail = "; ".join(map(str, issues)) or f"{hall.get('rows', 0)} entries"
    checks.append(Check("hall of fame", not issues, detail, "omp hall check" if issues else ""))
    return checks


def _database(db: Any) -> str:
    db.check()
    return str(db.dialect)


def _store_url(workspace: Workspace) -> str:
    from omp.config.settings import load_settings

    return load_settings(workspace.config_file).settings.store.url
