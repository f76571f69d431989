"""Power cuts: whatever was acknowledged must be on the disk, whatever was not synced is lost.

    python -m tests.long.power_cuts --cuts 50      (as root, for loop devices)

The workspace lies on an image with ext4. While a writer promotes and acknowledges over a pipe, it
is stopped in the middle and the image file is copied as it is at that moment: what the kernel still
holds in its memory is not in the copy, as after a cut. The copy is mounted, which replays its
journal, and the checker must find every acknowledged entry, look and file there.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.long.checker import Checker
from tests.long.crash import MIRROR, Stage, Tally, _stop_mining, prepare_workspace
from tests.long.daemons import fork_daemon

IMAGE_MB = 256
MOUNT_OPTIONS = "loop,commit=600"
"""The filesystem's own journal is committed by nobody but fsync."""


def possible() -> str | None:
    """Why this machine cannot do it; None when it can."""
    if os.geteuid() != 0:
        return "loop devices need root"
    missing = [one for one in ("losetup", "mkfs.ext4", "mount") if shutil.which(one) is None]
    if missing:
        return f"{', '.join(missing)} not found"
    if subprocess.run(["losetup", "-f"], capture_output=True).returncode != 0:
        return "there is no free loop device"
    return None


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


class Disk:
    """An image with a filesystem, mounted."""

    def __init__(self, image: Path, at: Path, *, fresh: bool) -> None:
        self.image, self.at = image, at
        if fresh:
            with image.open("wb") as file:
                file.truncate(IMAGE_MB << 20)
            run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0", str(image))
        at.mkdir(exist_ok=True)
        run("mount", "-o", MOUNT_OPTIONS, str(image), str(at))

    def close(self) -> None:
        run("umount", str(self.at))


def cut_once(folder: Path, number: int, chance: random.Random) -> tuple[int, list[str]]:
    """One cut; gives how many promotions were acknowledged, and what was lost."""
    disk = Disk(folder / f"{number}.img", folder / f"disk-{number}", fresh=True)
    root, home = disk.at / "workspace", folder / "pattern"
    daemon = None
    try:
        shutil.copytree(folder / "template", root)
        os.sync()
        checker = Checker(root, ownerless_s=60)
        daemon = fork_daemon(root, home, folder / "daemon.log")
        daemon.until_ready()
        deadline, wanted = time.monotonic() + 60, chance.randint(1, 4)
        while len(checker.memory.hall) < wanted and time.monotonic() < deadline:
            time.sleep(0.05)
            checker.check()
        time.sleep(chance.uniform(0.0, 0.4))
        checker.check()  # what is seen committed now is acknowledged
        os.kill(daemon.pid, signal.SIGSTOP)
        copy = folder / f"{number}-cut.img"
        # the loop device writes to the file only what was synced or written back
        run("cp", "--sparse=always", str(disk.image), str(copy))
    finally:
        if daemon is not None:
            daemon.kill()
        Stage(root, home, None, False, Tally()).close()
        disk.close()
        disk.image.unlink()
    after = Disk(copy, folder / f"after-{number}", fresh=False)
    try:
        lost = _losses(checker, after.at / "workspace")
    finally:
        after.close()
        copy.unlink()
    return len(checker.memory.hall), lost


def _losses(checker: Checker, root: Path) -> list[str]:
    """What the copied disk lacks, as it lies there and after a daemon has come up on it."""
    checker.root = root
    db = sqlite3.connect(root / "state" / "omp.db")
    db.execute("SELECT count(*) FROM v_journal").fetchall()  # replays the write-ahead log
    db.close()
    found = checker.check()
    daemon = fork_daemon(root, root, root.parent / "after.log", prepare=_stop_mining)
    if not daemon.until_ready():
        return [*map(str, found), "no daemon came up after the cut"]
    found += checker.check()
    daemon.end()
    return [str(one) for one in found]


def campaign(folder: Path, cuts: int, seed: int) -> dict[str, object]:
    """That many cuts; gives the figures."""
    os.environ[MIRROR] = ""
    chance, began = random.Random(seed), time.monotonic()
    prepare_workspace(folder / "template", folder / "pattern", real=False)
    (folder / "template" / "state" / "reserve").unlink(missing_ok=True)
    entries, lost = 0, list[str]()
    for number in range(cuts):
        seen, missing = cut_once(folder, number, chance)
        entries += seen
        lost += [f"cut {number}: {one}" for one in missing]
    return {
        "campaign": "power_cuts",
        "cuts": cuts,
        "acknowledged_promotions": entries,
        "lost": lost[:20],
        "losses": len(lost),
        "seconds": round(time.monotonic() - began),
        "ok": not lost and entries > 0,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if why := possible():
        print(json.dumps({"campaign": "power_cuts", "skipped": why, "ok": True}))
        return 0
    folder = Path(tempfile.mkdtemp(prefix="omp-cuts-"))
    try:
        figures = campaign(folder, options.cuts, options.seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(figures))
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
