"""The unit for systemd and the process file for PM2."""

import configparser
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from omp.cli import omp
from omp.cli.service_files import pm2, unit
from omp.ops import workspace as workspaces
from omp.wire.workspace import Workspace


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and no systemctl."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def make(root: Path) -> Workspace:
    workspaces.create(root, demo=False, idle=True, operator="tester")
    return Workspace(root)


def run(at: Workspace, *words: str) -> int:
    return omp.run([*words, "--workspace", str(at.root)])


def read(text: str) -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None, strict=False)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string(text)
    return found


def test_the_unit_asks_for_what_keeps_a_daemon_up(tmp_path: Path) -> None:
    at = Workspace(tmp_path)
    service = read(unit(at, system=False))["Service"]
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert (service["Restart"], service["KillMode"]) == ("on-failure", "mixed")
    assert int(service["WatchdogSec"]) == 300
    assert service["Nice"] == "5"
    assert service["OOMPolicy"] == "continue"
    assert str(tmp_path) in service["ExecStart"]
    assert "User" not in service
    system = read(unit(at, system=True))
    assert system["Service"]["User"]
    assert system["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.parametrize("name", ["plain", "with space", "per%cent", 'quo"te', "dol$lar"])
@pytest.mark.parametrize("system", [True, False])
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path, name: str, system: bool) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("NO SYSTEMD: systemd-analyze is not there")
    root = tmp_path / name
    root.mkdir()
    path = tmp_path / "omp-verify.service"
    path.write_text(unit(Workspace(root), system=system))
    scope = ["--system"] if system else ["--user"]
    done = subprocess.run(
        [program, *scope, "verify", "--man=no", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
    )
    told = [line for line in done.stderr.splitlines() if "omp-verify" in line]
    assert told == []


def test_install_writes_and_remove_takes_away(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = make(home / "ws")
    path = home / "config" / "systemd" / "user" / "omp.service"
    assert run(at, "service", "install", "--dry-run") == 0
    assert not path.exists()
    assert "Type=notify" in capsys.readouterr().out
    assert run(at, "service", "install") == 0
    assert read(path.read_text())["Service"]["Type"] == "notify"
    out = capsys.readouterr().out
    assert "systemctl is not there" in out
    assert "systemctl --user enable omp.service" in out
    assert run(at, "service", "install") == 0, "writing it anew is refused"
    assert run(at, "service", "remove", "--dry-run") == 0
    assert path.exists()
    assert run(at, "service", "remove") == 0
    assert not path.exists()
    assert run(at, "service", "remove") == 2


def test_the_service_of_another_workspace_is_left_alone(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = make(home / "one"), make(home / "two")
    assert run(one, "service", "install") == 0
    assert run(two, "service", "install") == 5
    assert run(two, "service", "remove") == 5
    assert "--name" in capsys.readouterr().err
    assert run(two, "service", "install", "--name", "omp-two") == 0
    assert run(two, "service", "install", "--name", "../x") == 2


def test_the_file_for_pm2_starts_the_same_daemon(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = make(home / "ws")
    (app,) = json.loads(pm2(at, "omp"))["apps"]
    assert (app["script"], app["interpreter"]) == (sys.executable, "none")
    assert app["args"][-3:] == ["up", "--workspace", str(at.root)]
    assert app["kill_timeout"] >= 30_000
    assert app["treekill"] is False, "runs are ended by the daemon, with their checkpoints"
    assert run(at, "service", "pm2", "--write", str(home / "omp.config.json")) == 0
    assert json.loads((home / "omp.config.json").read_text())["apps"][0]["name"] == "omp"
    capsys.readouterr()
    assert run(at, "service", "pm2") == 0
    assert json.loads(capsys.readouterr().out)["apps"] == [app]
