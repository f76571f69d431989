"""Laying out a workspace: folders, configuration, keys, demo data, three queued campaigns.

Every step looks first whether it is done, so that a half-made workspace is completed and a
whole one is left alone.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from omp.config.default_text import default_config_text
from omp.config.demo_campaigns import DEMO_CAMPAIGNS, PLANTED_DIAL, PLANTED_SYMBOLS, DemoCampaign
from omp.domain.durable import disk_room, sync_folder, write_durable
from omp.domain.errors import DiskFull, OmpError
from omp.domain.miner import MINER
from omp.ops import data, miner, queue, settings_versions
from omp.ops.children import Children, DirectChildren
from omp.ops.desk import Clock, Desk
from omp.ops.opening import open_desk
from omp.store import journal, meta
from omp.wire.grant import make_keys
from omp.wire.workspace import Workspace

RESERVE_BYTES = 16 * 1024 * 1024
"""Kept so that a full disk still has room for the last journal records."""

_READY_KEY = "workspace.ready"
_ID_KEY = "workspace.id"

DEMO_DATA: dict[str, list[str]] = {
    "us-large-caps": ["data", "demo"],
    "planted-edge": [
        *("data", "synthetic", "--seed", "1"),
        *("--kind", f"planted,n_symbols={PLANTED_SYMBOLS},edge=trend-distance-20"),
        *("--dial", str(PLANTED_DIAL), "--name", "planted-edge"),
    ],
}
"""Data set of a new workspace -> the child that publishes it."""


@dataclass(frozen=True)
class Created:
    """What `create` did.

    Args:
        is_new: There was no workspace before.
        made: What was made now, in words; empty of a whole workspace.
        campaigns: Ids of the campaigns that were queued now.
    """

    root: str
    is_new: bool
    made: tuple[str, ...]
    campaigns: tuple[str, ...]


def create(
    root: Path,
    *,
    demo: bool = True,
    idle: bool = False,
    children: Children | None = None,
    clock: Clock | None = None,
    operator: str | None = None,
) -> Created:
    """Make a workspace, or complete a half-made one.

    Args:
        root: Its folder.
        demo: With demo data and campaigns.
        idle: A new one does not want to mine at once.
        children: Who starts the children that publish the demo data; default plain subprocesses.

    Raises:
        DiskFull: There is no room; what was made stays, and the next call goes on.
        OmpError: The demo data could not be published; says why.
    """
    workspace = Workspace(root.resolve())
    is_new = not workspace.config_file.exists()
    made = [*_lay_out(workspace, is_new=is_new)]
    desk = open_desk(workspace.root, operator=operator, clock=clock)
    try:
        with desk.read() as tx:
            is_ready = meta.get(tx, _READY_KEY) is not None
        if not is_ready:
            made += _begin(desk)
        queued: list[str] = []
        if demo and not is_ready:
            made += _demo_data(desk, children or DirectChildren(workspace))
            queued = _demo_queue(desk)
        if not is_ready:
            _finish(desk, idle=idle)
        queue.export_file(desk)
        data.export_lineages(desk)
    finally:
        desk.db.close()
    return Created(str(workspace.root), is_new, tuple(made), tuple(queued))


def _lay_out(workspace: Workspace, *, is_new: bool) -> list[str]:
    """Everything that needs no database; only a new workspace needs room for its reserve."""
    made = []
    for folder in workspace.folders:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            made.append(str(folder.relative_to(workspace.root)))
    for folder in workspace.private_folders:
        folder.chmod(0o700)
    for path, text in _texts(workspace).items():
        if not path.exists():
            write_durable(path, text.encode())
            made.append(str(path.relative_to(workspace.root)))
    if not token_path(workspace).exists():
        write_private(token_path(workspace), secrets.token_urlsafe(32).encode() + b"\n")
        made.append("state/token")
    make_keys(workspace.keys)
    try:
        if hold_reserve(workspace):
            made.append("state/reserve")
    except DiskFull:
        if is_new:
            raise
        made.append("no reserve: the disk is full, the daemon holds it again once there is room")
    return made


def _texts(workspace: Workspace) -> dict[Path, str]:
    """Files with their first text; the configuration last, since it makes the workspace one."""
    texts = {workspace.campaigns / one.file_name: one.text for one in DEMO_CAMPAIGNS}
    return {**texts, workspace.config_file: default_config_text()}


def token_path(workspace: Workspace) -> Path:
    """Where the token of the API lies."""
    return workspace.state / "token"


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.unlink(missing_ok=True)
    with disk_room(path):
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)


def hold_reserve(workspace: Workspace) -> bool:
    """Preallocate the reserve file, unless it is whole; says whether it was made."""
    path = reserve_path(workspace)
    if path.exists() and path.stat().st_size == RESERVE_BYTES:
        return False
    with disk_room(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(handle, 0, RESERVE_BYTES)
            os.fsync(handle)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
    return True


def spend_reserve(workspace: Workspace) -> bool:
    """Give the reserve's room back, so that the last records can be written; False if spent."""
    try:
        reserve_path(workspace).unlink()
    except FileNotFoundError:
        return False
    return True


def reserve_path(workspace: Workspace) -> Path:
    """Where the reserve lies."""
    return workspace.state / "reserve"


def _begin(desk: Desk) -> list[str]:
    settings_versions.in_force(desk)
    with desk.write() as tx:
        if meta.get(tx, _ID_KEY) is not None:
            return []
        meta.put(tx, _ID_KEY, secrets.token_hex(8))
        desk.note(tx, "workspace.created", "workspace", {"root": str(desk.workspace.root)})
    return ["state/omp.db"]


def _demo_data(desk: Desk, children: Children) -> list[str]:
    made = []
    for name, args in DEMO_DATA.items():
        if (desk.workspace.data_sets / f"{name}.json").exists():
            with desk.write() as tx:
                data.resolve(desk, tx, name)
                data.write_lineages(desk, tx)
            continue
        data.publish(desk, children, [*args, *data.sealing(desk)], f"publishing {name}")
        made.append(f"data set {name}")
    return made


def _demo_queue(desk: Desk) -> list[str]:
    queued = []
    for one in DEMO_CAMPAIGNS:
        key = f"workspace.demo.{one.file_name}"
        with desk.read() as tx:
            is_done = meta.get(tx, key) is not None
        if is_done or not one.is_queued:
            continue
        campaign_id = _queue(desk, one)
        with desk.write() as tx:
            meta.put(tx, key, campaign_id)
        queued.append(campaign_id)
    return queued


def _queue(desk: Desk, one: DemoCampaign) -> str:
    path = (desk.workspace.campaigns / one.file_name).relative_to(desk.workspace.root)
    try:
        return queue.add(
            desk,
            name=one.name,
            config_path=path.as_posix(),
            repeat=one.repeat,
            market=one.market,
            reason="queued with the new workspace",
        ).id
    except OmpError as error:
        raise type(error)(
            f"the demo campaign {path} cannot be queued: {error.asked}",
            remedy="correct or delete that file, then run the same command again",
        ) from error


def _finish(desk: Desk, *, idle: bool) -> None:
    with desk.read() as tx:
        wanted = meta.get(tx, miner.WANTED_KEY)
    if wanted is None and not idle:
        miner.want(desk, "start", reason="a new workspace mines")
    with desk.write() as tx:
        if idle and wanted is None:
            meta.put(tx, miner.WANTED_KEY, MINER.start)
        meta.put(tx, _READY_KEY, desk.clock.iso())
        meta.put(tx, journal.ANCHORED_KEY, "yes")
