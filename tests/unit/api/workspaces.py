"""A workspace with a real desk, data set and campaigns, made without the mining wing."""

import json
from pathlib import Path

from omp.app import open_desk
from omp.ops.desk import Desk
from omp.ops.workspace import create
from omp.wire.workspace import Workspace

CAMPAIGN = """[campaign]
name = "{name}"
owner = "a researcher"
market = "us"
universe = "three large caps"
timeframe = "1d"
objective = "a test of the record"
tags = ["momentum"]

[data]
source = "{source}"

[search]
population = 64
generations = 4
seeds = {{ first = 1, step = 1 }}
workers = 1
"""


def make_workspace(root: Path, *, config: str = "") -> Workspace:
    """A workspace without the demo, which would need the mining wing."""
    workspace = Workspace(root.resolve())
    if config:
        workspace.config_file.parent.mkdir(parents=True)
        workspace.config_file.write_text(config, encoding="utf-8")
    create(workspace.root, demo=False, idle=True, operator="ada")
    return workspace


def add_data(workspace: Workspace, *, name: str = "caps", environment: str = "demo") -> str:
    """A published snapshot, as the mining wing leaves it."""
    digest = (name.encode().hex() + "0" * 64)[:64]
    folder = workspace.snapshots / digest
    folder.mkdir(parents=True)
    manifest = {
        "schema_version": 1,
        "digest": digest,
        "name": name,
        "environment": environment,
        "venue": "us",
        "timeframe": "1d",
        "symbols": ["AAPL", "IBM", "MSFT"],
        "first": "2000-03-01",
        "last": "2013-02-28",
        "boundary": "2009-04-07T00:00:00Z",
        "rows": 6868,
        "rows_sealed": 2943,
        "source": {"importer": "table", "path_name": "caps.csv", "licence": "public domain"},
        "files": {},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    ready = {"ready": True, "faults": []}
    (folder / "readiness.json").write_text(json.dumps(ready), encoding="utf-8")
    pointer = {"schema_version": 1, "name": name, "current": digest, "history": [digest]}
    (workspace.data_sets / f"{name}.json").write_text(json.dumps(pointer), encoding="utf-8")
    return digest


def add_campaign(workspace: Workspace, name: str, *, source: str = "caps") -> str:
    """A campaign file; gives its path below the workspace."""
    path = workspace.campaigns / f"{name}.toml"
    path.write_text(CAMPAIGN.format(name=name, source=source), encoding="utf-8")
    return f"configs/campaigns/{name}.toml"


def make_desk(root: Path, *, config: str = "") -> Desk:
    """A desk at a workspace with one data set and three campaign files."""
    workspace = make_workspace(root, config=config)
    add_data(workspace)
    for name in ("test", "momentum", "reversal"):
        add_campaign(workspace, name)
    return open_desk(workspace.root, operator="ada")
