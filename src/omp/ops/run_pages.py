"""Runs as people look at them: lists, one run, its candidates, its lines and its log."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from omp.domain.campaign import ENVIRONMENTS
from omp.domain.errors import InvalidInput
from omp.domain.run import RUN
from omp.domain.run_place import PLACE
from omp.ops import at_hand, data_holds
from omp.ops.desk import Desk
from omp.store import campaigns as campaign_rows
from omp.store import data_incidents as data_rows
from omp.store import runs as rows
from omp.store.runs import Run
from omp.store.tables import candidates as candidates_table
from omp.wire.filed import part_filed, read_filed, size_filed
from omp.wire.lines import parse_line
from omp.wire.rundir import RunDirectory

MAX_PAGE = 500
BACK = ("restore", "undelete")
"""What a person may do about a directory that is not at hand."""

MAX_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class RunView:
    """A run with the name of its campaign and what may be done with it.

    Args:
        where: Where the directory lies, in words; empty where it is at hand.
        data_incidents: Every incident that has called its data into question, closed ones too.
        data_in_question: Those of them that are open.
    """

    run: Run
    campaign: str
    directory: str
    actions: tuple[str, ...]
    where: str = ""
    data_incidents: tuple[str, ...] = ()
    data_in_question: tuple[str, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """One flat record, for JSON."""
        return {
            **asdict(self.run),
            "campaign": self.campaign,
            "directory": self.directory,
            "actions": list(self.actions),
            "where": self.where,
            "data_incidents": list(self.data_incidents),
            "data_in_question": list(self.data_in_question),
        }


@dataclass(frozen=True)
class Page:
    """Some records, and the cursor of the next page (None: there is none)."""

    items: tuple[dict[str, Any], ...]
    next: str | None


@dataclass(frozen=True)
class LogTail:
    """The last lines of a child's standard error; `cut` says that there are more before them."""

    run_id: str
    lines: tuple[str, ...]
    cut: bool


def list_runs(
    desk: Desk,
    *,
    state: str | None = None,
    campaign_id: str | None = None,
    environment: str | None = None,
    place: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page:
    """Runs, the newest first.

    Args:
        state: Only runs in this state.
        campaign_id: Only runs of this campaign.
        environment: Only runs of this environment; None for all.
        place: Only runs whose directory lies there: here, archived, trashed, deleted.
        limit: At most so many, up to 500.
        after: `next` of the page before.

    Raises:
        InvalidInput: If there is no such state, environment, place or cursor.
    """
    _one_of("state", state, RUN.states)
    _one_of("place", place, PLACE.states)
    _one_of("environment", environment, ENVIRONMENTS)
    before = _cursor(after)
    size = max(1, min(limit, MAX_PAGE))
    with desk.read() as tx:
        found = rows.find(
            tx,
            campaign_id=campaign_id,
            states=() if state is None else (state,),
            environment=environment,
            place=place,
            before=before,
            limit=size + 1,
        )
        names = {one.id: one.name for one in campaign_rows.listed(tx, removed=True)}
        items = tuple(
            _view(desk, tx, run, names.get(run.campaign_id, "")).as_record() for run in found
        )
    more = f"{found[size - 1].queued_at}~{found[size - 1].id}" if len(found) > size else None
    return Page(items[:size], more)


def show(desk: Desk, run_id: str) -> RunView:
    """One run.

    Raises:
        NotFound: There is none of that id.
    """
    with desk.read() as tx:
        run = rows.get(tx, run_id)
        name = campaign_rows.get(tx, run.campaign_id, removed=True).name
        return _view(desk, tx, run, name)


def candidates(desk: Desk, run_id: str, *, limit: int = 100, after: int = 0) -> Page:
    """The candidates of a run by rank, the best first; `after` is the last rank seen."""
    size = max(1, min(limit, MAX_PAGE))
    with desk.read() as tx:
        rows.get(tx, run_id)
        query = (
            select(candidates_table)
            .where(candidates_table.c.run_id == run_id, candidates_table.c.rank > after)
            .order_by(candidates_table.c.rank)
            .limit(size + 1)
        )
        found = [dict(row._mapping) for row in tx.execute(query)]  # noqa: SLF001 - its public name
    more = str(found[size - 1]["rank"]) if len(found) > size else None
    return Page(tuple(found[:size]), more)


def events(desk: Desk, run_id: str, *, after: int = 0, limit: int = 500) -> Page:
    """Lines that the run's children wrote; `after` and `next` are bytes of the kept file."""
    with desk.read() as tx:
        rows.get(tx, run_id)
    path = RunDirectory(desk.workspace.run(run_id)).events
    data, size = part_filed(path, max(0, after), MAX_READ_BYTES)
    items: list[dict[str, Any]] = []
    offset = max(0, after)
    for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
        if len(items) >= max(1, min(limit, MAX_PAGE)):
            break
        offset += len(line)
        event = parse_line(line)
        if event is not None:
            items.append({"event": event.event, "ts": event.ts, **event.fields})
    if offset == max(0, after) and len(data) >= MAX_READ_BYTES:
        offset += len(data)  # a line longer than a page is skipped
    return Page(tuple(items), str(offset) if offset < size else None)


def logs(desk: Desk, run_id: str, *, lines: int = 200) -> LogTail:
    """The last lines of the run's standard error."""
    with desk.read() as tx:
        rows.get(tx, run_id)
    found, cut = last_lines(RunDirectory(desk.workspace.run(run_id)).stderr, lines)
    return LogTail(run_id, found, cut)


def last_lines(path: Path, lines: int, *, max_bytes: int = 1 << 16) -> tuple[tuple[str, ...], bool]:
    """The last lines of a file, each cut at 2,000 characters, and whether there are more."""
    try:
        size = size_filed(path)
    except FileNotFoundError:
        return (), False
    start = max(0, size - max_bytes)
    data, _ = part_filed(path, start, max_bytes)
    texts = [one[:2000] for one in data.decode("utf-8", errors="replace").splitlines()]
    return tuple(texts[-lines:]), start > 0 or len(texts) > lines


def campaign_text(desk: Desk, run_id: str) -> str:
    """The configuration a run was queued with."""
    with desk.read() as tx:
        return campaign_rows.config(tx, rows.get(tx, run_id).config_hash).text


def summary(desk: Desk, run_id: str) -> dict[str, Any] | None:
    """The exported rows and the convergence of a finished run; None before it has any."""
    with desk.read() as tx:
        rows.get(tx, run_id)
    try:
        data = read_filed(RunDirectory(desk.workspace.run(run_id)).summary)
        document: dict[str, Any] = json.loads(data)
    except (FileNotFoundError, ValueError):
        return None
    return document


def _view(desk: Desk, tx: Connection, run: Run, campaign: str) -> RunView:
    directory = desk.workspace.run(run.id).relative_to(desk.workspace.root).as_posix()
    actions = tuple(one for one in RUN.allowed(run.state) if one == "cancel")
    if run.terminal:
        actions += tuple(one for one in PLACE.allowed(run.place) if one in BACK)
    marked = data_holds.marks(tx, data_holds.RUN, run.id)
    standing = data_rows.standing(tx, data_holds.RUN, [run.id]) if marked else {}
    told = at_hand.where(run)
    return RunView(run, campaign, directory, actions, told, marked, standing.get(run.id, ()))


def _cursor(after: str | None) -> tuple[str, str] | None:
    if after is None:
        return None
    at, mark, run_id = after.partition("~")
    if not mark:
        raise InvalidInput(
            f"{after[:96]!r} is no cursor of this list",
            allowed="the value of `next` of the page before",
            remedy="begin without a cursor",
        )
    return at, run_id


def _one_of(what: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise InvalidInput(
            f"{value[:96]!r} is no {what}", allowed=", ".join(allowed), remedy=f"choose a {what}"
        )
