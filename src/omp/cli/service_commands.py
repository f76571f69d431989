"""`omp service`: keep a workspace's daemon up with systemd, or with PM2."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from omp.cli import service_files
from omp.cli.doors import check_workspace, live_daemon
from omp.cli.face import Answer, Face, verb
from omp.domain.durable import write_durable
from omp.domain.errors import Conflict, InvalidInput, NotFound

app = typer.Typer(help="Keep the daemon up with systemd or PM2.", no_args_is_help=True)

System = Annotated[
    bool, typer.Option("--system/--user", help="For the whole machine, or for this user (default).")
]
Name = Annotated[str, typer.Option(help="Name of the service; give each workspace one of its own.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]

SYSTEM_UNITS = Path("/etc/systemd/system")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
COMMAND_S = 60.0


def add_to(parent: typer.Typer) -> None:
    """Put the group on `parent`."""
    parent.add_typer(app, name="service")


@verb(app, "install")
def install(
    face: Face,
    system: System = False,
    name: Name = "omp",
    now: Annotated[bool, typer.Option("--now", help="Start it at once.")] = False,
    dry_run: DryRun = False,
) -> Answer:
    """Write a systemd unit for this workspace's daemon, and enable it."""
    check_workspace(face.workspace)
    path = _unit_path(name, system=system)
    text = service_files.unit(face.workspace, system=system)
    steps = [["daemon-reload"], ["enable", *(["--now"] if now else []), path.name]]
    data = {"path": str(path), "unit": text, "written": not dry_run, "steps": steps}
    if dry_run:
        return Answer(data, [f"# {path}", text, *_to_do(steps, system=system)])
    _refuse_strangers(face, path)
    if now and live_daemon(face.workspace) is not None:
        raise Conflict(
            "a daemon works on this workspace already",
            allowed="one daemon for a workspace",
            remedy="end it (omp stop, then Ctrl-C where it runs), or install without --now",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durable(path, text.encode())
    path.chmod(0o644)
    lines = [f"written: {path}"]
    failed = _systemctl(steps, system=system)
    lines += failed or [f"enabled: {path.name}" + (" and started" if now else "")]
    if not system:
        lines.append(f"to mine while you are logged out: loginctl enable-linger {_user()}")
    lines.append(f"secrets of the service: {service_files.environment_file(face.workspace)}")
    return Answer({**data, "failed": failed}, lines)


@verb(app, "remove")
def remove(
    face: Face, system: System = False, name: Name = "omp", dry_run: DryRun = False
) -> Answer:
    """Stop the service of this workspace and take its unit away; the workspace stays as it is."""
    path = _unit_path(name, system=system)
    if not path.is_file():
        raise NotFound(
            f"there is no service at {path}", remedy="give its --name, and --system if it is one"
        )
    _refuse_strangers(face, path)
    data = {"path": str(path), "removed": not dry_run}
    if dry_run:
        return Answer(data, [f"would stop and remove {path}"])
    failed = _systemctl([["disable", "--now", path.name]], system=system)
    path.unlink()
    failed += _systemctl([["daemon-reload"]], system=system)
    return Answer({**data, "failed": failed}, [f"removed: {path}", *failed])


@verb(app, "pm2")
def pm2(
    face: Face,
    name: Name = "omp",
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Write it to this file.")
    ] = None,
) -> Answer:
    """Print the process file for PM2; start it with: pm2 start FILE."""
    check_workspace(face.workspace)
    _check_name(name)
    text = service_files.pm2(face.workspace, name)
    if write is None:
        return Answer({"text": text}, [text.rstrip()])
    write_durable(write.resolve(), text.encode())
    return Answer(
        {"text": text, "path": str(write)}, [f"written: {write}", f"now: pm2 start {write}"]
    )


def _check_name(name: str) -> None:
    if not _NAME.match(name):
        raise InvalidInput(
            f"{name[:64]!r} cannot name a service", allowed="letters, digits, '_', '-', '.'"
        )


def _unit_path(name: str, *, system: bool) -> Path:
    _check_name(name)
    if system:
        return SYSTEM_UNITS / f"{name}.service"
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "systemd" / "user" / f"{name}.service"


def _refuse_strangers(face: Face, path: Path) -> None:
    """A unit of another workspace, or one we did not write, is left alone."""
    if not path.exists():
        return
    first = path.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    ours = service_files.MARK + str(face.workspace.root).replace("%", "%%")
    if first != ours:
        raise Conflict(
            f"{path} belongs to something else: {first[:200]}",
            allowed="a unit that omp service install wrote for this workspace",
            remedy="give this workspace's service another --name",
        )


def _systemctl(steps: list[list[str]], *, system: bool) -> list[str]:
    """Do some steps; the lines about those that could not be done."""
    program = shutil.which("systemctl")
    if program is None:
        return ["systemctl is not there: " + "; ".join(_to_do(steps, system=system))]
    for done, step in enumerate(steps):
        whole = [program, *([] if system else ["--user"]), *step]
        try:
            ended = subprocess.run(
                whole, capture_output=True, text=True, timeout=COMMAND_S, check=False
            )
            failed = ended.stderr.strip().splitlines()[:1] if ended.returncode else None
        except (OSError, subprocess.TimeoutExpired) as error:
            failed = [str(error)]
        if failed is not None:
            why = failed[0] if failed else "it failed"
            left = "; ".join(_to_do(steps[done:], system=system))
            return [f"systemd did not do it ({why}); where it runs: {left}"]
    return []


def _to_do(steps: list[list[str]], *, system: bool) -> list[str]:
    return [" ".join(["systemctl", *([] if system else ["--user"]), *step]) for step in steps]


def _user() -> str:
    return os.environ.get("USER") or str(os.getuid())
