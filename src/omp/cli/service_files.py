"""The files by which systemd and PM2 keep a daemon up, as text."""

import json
import pwd
import sys
from pathlib import Path

from omp.wire.workspace import Workspace

MARK = "# Written by omp service install for the workspace "
WATCHDOG_S = 300
"""A loop that has not turned for so long hangs. A tick waits for nothing, but a slow disk takes
its time."""

UNIT = """\
{mark}{root}
# omp service remove takes it away; omp service install writes it anew.
[Unit]
Description=OMP strategy mining, {root}
Documentation=https://www.freedesktop.org/software/systemd/man/systemd.service.html
After=network.target
StartLimitIntervalSec=600
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
WorkingDirectory={folder}
EnvironmentFile=-{environment}
Environment=NO_COLOR=1 PYTHONUNBUFFERED=1
{owner}Restart=on-failure
RestartSec=5
# 2: the configuration cannot be used; 7: the record is damaged. Trying again mends neither.
RestartPreventExitStatus=2 7
SuccessExitStatus=130
TimeoutStartSec=300
# a stop checkpoints what runs
TimeoutStopSec=90
# fed by the loop's tick; a loop that hangs is ended, and the runs go on from their checkpoints
WatchdogSec={watchdog_s}
# TERM goes to the daemon alone, which ends its runs in order; whatever is left is killed
KillMode=mixed
# a run that the kernel ends for want of memory does not take the daemon with it
OOMPolicy=continue
Delegate=yes
Nice=5
IOSchedulingClass=best-effort
IOSchedulingPriority=6
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy={target}
"""


def command(workspace: Workspace) -> list[str]:
    """What keeps a workspace mining, in the interpreter that runs now."""
    where = str(workspace.root)
    return [sys.executable, "-m", "omp.cli.omp", "up", "--workspace", where]


def environment_file(workspace: Workspace) -> Path:
    """Where secrets for the service may stand, such as NEON_DATABASE_URL."""
    return workspace.state / "service.env"


def unit(workspace: Workspace, *, system: bool) -> str:
    """The systemd unit of a workspace's daemon.

    Args:
        system: For the whole machine, under the account that owns the workspace; else for the user.
    """
    owner = ""
    if system:
        account = pwd.getpwuid(workspace.root.stat().st_uid)
        owner = f"User={account.pw_name}\nGroup={account.pw_gid}\n"
    return UNIT.format(
        mark=MARK,
        root=_percent(str(workspace.root)),
        command=" ".join(_quoted(one) for one in command(workspace)),
        folder=_percent(str(workspace.root)),
        environment=_percent(str(environment_file(workspace))),
        owner=owner,
        watchdog_s=WATCHDOG_S,
        target="multi-user.target" if system else "default.target",
    )


def pm2(workspace: Workspace, name: str) -> str:
    """The process file for PM2."""
    program, *arguments = command(workspace)
    app = {
        "name": name,
        "script": program,
        "args": arguments,
        "interpreter": "none",
        "exec_mode": "fork",
        "instances": 1,
        "cwd": str(workspace.root),
        "env": {"NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
        "autorestart": True,
        "stop_exit_codes": [0, 2, 7],
        "max_restarts": 5,
        "min_uptime": 60_000,
        "restart_delay": 5_000,
        "kill_timeout": 90_000,
        "treekill": False,
        "out_file": str(workspace.logs / "pm2-out.log"),
        "error_file": str(workspace.logs / "pm2-error.log"),
        "time": True,
    }
    return json.dumps({"apps": [app]}, indent=2) + "\n"


def _quoted(word: str) -> str:
    """A word of ExecStart, as systemd.service(5) reads it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_percent(escaped)}"'


def _percent(text: str) -> str:
    return text.replace("%", "%%")
