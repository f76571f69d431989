"""Runs that are old enough for retention, at a desk whose clock moves by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.desks import HandClock
from tests.unit.ops.test_retention import refused_runs

from omp.ops import (
    incidents,
    retention,
    tiers,
)
from omp.ops.desk import Desk
from omp.store import packing
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.wire.filed import SUFFIX, read_filed

DAY_S = 86_400.0


def with_rules(desk: Desk, **rules: Any) -> Desk:
    """The desk with other settings of `[retention]`; one run stays whole."""
    rules = {"keep_runs": 1, "compress_after_days": 0.0, **rules}
    retention_ = replace(desk.settings.retention, **rules)
    limits = replace(desk.settings.limits, min_disk_free_gb=0.0, warn_disk_free_gb=0.0)
    return replace(desk, settings=replace(desk.settings, retention=retention_, limits=limits))


def wait(desk: Desk, days: float) -> None:
    assert isinstance(desk.clock, HandClock)
    desk.clock.wait(days * DAY_S)


def row(desk: Desk, run_id: str) -> Run:
    with desk.read() as tx:
        return run_rows.get(tx, run_id)


def content(folder: Path) -> dict[str, bytes]:
    """Every file's content under its own name, whichever form is there."""
    names = {
        path.relative_to(folder).as_posix().removesuffix(SUFFIX)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    return {name: read_filed(folder / name) for name in sorted(names)}


def open_fingerprints(desk: Desk) -> list[str]:
    return [one.fingerprint for one in incidents.listed(desk, open_only=True)]


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of these runs are small: compress them all the same."""
    monkeypatch.setattr(packing, "LEAST_BYTES", 200)


@pytest.fixture
def old(desk: Desk, small_files: None) -> str:
    """The older of two refused runs, 40 days old."""
    found, _ = refused_runs(desk, 2)
    wait(desk, 40)
    return found


def short_of_room(monkeypatch: pytest.MonkeyPatch, free_gb: float) -> None:
    monkeypatch.setattr(retention, "free_gb", lambda path: free_gb)


def roomy(desk: Desk) -> Desk:
    """Limits of 1 and 2 GB, one run kept."""
    rules = with_rules(desk)
    limits = replace(rules.settings.limits, min_disk_free_gb=1.0, warn_disk_free_gb=2.0)
    return replace(rules, settings=replace(rules.settings, limits=limits))


def archived(desk: Desk, place: Path | str) -> Desk:
    """The desk with an archive, and what is older than 30 days moved there."""
    rules = with_rules(desk, compress_after_days=7.0, archive_dir=str(place))
    tiers.work(rules)
    return rules
