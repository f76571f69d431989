"""A desk for tests: a real workspace in a temporary folder, without children and market files.

Data sets are what the control wing sees of them: a manifest, a certificate, a pointer.

    from tests.desks import desk, template  # fixtures, in a conftest.py
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from omp.app import open_desk
from omp.ops import workspace
from omp.ops.desk import Desk
from omp.store import journal
from omp.wire.canonical import digest_of


class HandClock:
    """A clock that moves when it is told to, and a little with each look."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self.time = start

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time

    def iso(self) -> str:
        return journal.iso(self.now())

    def monotonic(self) -> float:
        return self.time.timestamp()

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


CAMPAIGN = """\
[campaign]
name = "{name}"
market = "{market}"
owner = "researcher"
tags = ["from file"]

[data]
source = "{source}"

[search]
population = {population}
generations = 3
seeds = {seeds}
"""


def write_campaign(
    root: Path,
    name: str,
    *,
    source: str = "prices",
    market: str = "us",
    population: int = 100,
    seeds: str = "{ first = 1, step = 1 }",
) -> str:
    """Write a campaign file; gives its path relative to the workspace."""
    path = root / "configs" / "campaigns" / f"{name}.toml"
    text = CAMPAIGN.format(
        name=name, source=source, market=market, population=population, seeds=seeds
    )
    path.write_text(text, encoding="utf-8")
    return path.relative_to(root).as_posix()


def write_data(
    root: Path,
    name: str,
    *,
    symbols: Sequence[str] = ("AAA",),
    first: str = "2010-01-04T00:00:00Z",
    last: str = "2020-01-03T00:00:00Z",
    boundary: str = "2017-01-01T00:00:00Z",
    environment: str = "real",
    venue: str = "us",
    ready: bool | None = True,
) -> Path:
    """Publish a data set as the control wing sees one; gives its manifest."""
    facts = {
        "name": name,
        "symbols": list(symbols),
        "first": first,
        "last": last,
        "boundary": boundary,
        "venue": venue,
        "environment": environment,
    }
    digest = digest_of(facts)
    manifest = {"schema_version": 1, "digest": digest, "lineage": f"lin_{digest[:20]}", **facts}
    folder = root / "data" / "snapshots" / digest
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "readiness.json").write_text(json.dumps({"ready": ready, "faults": []}))
    pointer = {"schema_version": 1, "name": name, "current": digest, "history": [digest]}
    (root / "data" / "sets" / f"{name}.json").write_text(json.dumps(pointer))
    return folder / "manifest.json"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace to copy, made once."""
    root = tmp_path_factory.mktemp("template") / "workspace"
    workspace.create(root, demo=False, idle=True, operator="tester")
    return root


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk at a fresh workspace with the data set `prices` and the campaign file `one.toml`."""
    root = tmp_path / "workspace"
    shutil.copytree(template, root, ignore=shutil.ignore_patterns("reserve"))
    write_data(root, "prices")
    write_campaign(root, "one")
    opened = open_desk(root, operator="tester", clock=HandClock())
    yield opened
    opened.db.close()


def hand_clock(at: Desk) -> HandClock:
    """The desk's clock, to move it."""
    assert isinstance(at.clock, HandClock)
    return at.clock
