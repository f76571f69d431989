"""An import on a disk that is really full: one sentence, and nothing changed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 2 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("SKIPPED LOUDLY: mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def publish_demo(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "omp.cli.combiner", "data", "demo", "--workspace", str(root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_it_names_the_cause_and_the_remedy_and_leaves_nothing(small_disk: Path) -> None:
    root = small_disk / "workspace"
    for name in ("data/snapshots", "data/sets", "state/sealed"):
        (root / name).mkdir(parents=True)
    filler = small_disk / "filler"
    free = os.statvfs(small_disk)
    filler.write_bytes(b"x" * (free.f_bavail * free.f_frsize - 64 * 1024))

    full = publish_demo(root)
    assert full.returncode == 4, full.stderr
    last = json.loads(full.stdout.splitlines()[-1])
    assert last["code"] == "disk_full"
    assert "run the same command again" in last["message"]
    assert ".staging" not in last["message"]
    assert "Traceback" not in full.stderr
    assert not [one for one in root.rglob("*") if one.is_file()]

    filler.unlink()
    assert publish_demo(root).returncode == 0
    assert (root / "data" / "sets" / "us-large-caps.json").exists()
