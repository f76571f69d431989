"""The verbs by `ops`, under the workspace lock: what the CLI uses while no daemon runs.

One row a verb, with the same arguments and the same answer as over HTTP. Those in `READING` change
nothing of what a daemon decides, so they are answered here even beside a live one, which has no
address for them.
"""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omp.cli.doors import Lock
from omp.domain.errors import InvalidInput
from omp.wire.import_call import arguments
from omp.wire.workspace import Workspace

if TYPE_CHECKING:
    from omp.ops.children import Children
    from omp.ops.desk import Desk

READING = frozenset({"backup.to", "hall.check", "hall.replay", "data.check"})


def _same(found: Any) -> Any:
    return found


def _items(found: Any) -> dict[str, Any]:
    return {"items": list(found), "next": None}


def _record(found: Any) -> Any:
    return found.as_record()


@dataclass(frozen=True)
class Verb:
    """Where a verb is done.

    Args:
        module: In `omp.ops`, or in this module where it is empty.
        function: Takes the desk first.
        first: Arguments it takes by place, after the desk.
        rename: Argument of the command -> its name there.
        shape: Makes of its answer what HTTP would give.
        children: It takes what runs its children, as `children`.
        fixed: What it takes before them.
        limits: It knows no `limit`; so many of its items are kept.
        rehearses: It changes the queue, and with `dry_run` only says what it would change.
    """

    module: str
    function: str
    first: tuple[str, ...] = ()
    rename: dict[str, str] = field(default_factory=dict)
    shape: Callable[[Any], Any] = _same
    children: bool = False
    fixed: tuple[str, ...] = ()
    limits: bool = False
    rehearses: bool = False

    @property
    def does(self) -> Callable[..., Any]:
        """The function."""
        module = importlib.import_module(f"omp.ops.{self.module}" if self.module else __name__)
        found: Callable[..., Any] = getattr(module, self.function)
        return found

    def run(self, desk: "Desk", given: dict[str, Any]) -> Any:
        """Do it at the desk."""
        placed, named = self.arguments(desk, given)
        if self.rehearses and given.get("dry_run"):
            from omp.ops.queue import rehearse

            return rehearse(desk, self.does, *placed, **named)
        answer = self.shape(self.does(desk, *placed, **named))
        if self.limits and "limit" in given:
            answer["items"] = answer["items"][: given["limit"]]
        return answer

    def arguments(self, desk: "Desk", given: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """What the function is given after the desk, by place and by name."""
        named = {self.rename.get(name, name): value for name, value in given.items()}
        if self.limits:
            named.pop("limit", None)
        if self.rehearses:
            named.pop("dry_run", None)
        placed = [*self.fixed, *(named.pop(name) for name in self.first)]
        if self.children:
            from omp.ops.children import DirectChildren

            named["children"] = DirectChildren(desk.workspace)
        return placed, named


def list_incidents(desk: "Desk", *, state: str = "all") -> Any:
    """Incidents, the newest first; `open` leaves out those that are closed."""
    from omp.ops import incidents

    return incidents.listed(desk, open_only=state == "open")


def replay(desk: "Desk", entry: str, *, children: "Children") -> Any:
    """Rebuild an entry from itself in a child, and compare."""
    from omp.domain.ids import check_id
    from omp.ops.children import required

    log = desk.workspace.logs / "replay.log"
    where = ["--workspace", str(desk.workspace.root)]
    args = ["factory", "replay", "--entry", check_id(entry, "entry"), *where]
    return required(children.run(args, log=log), f"the replay of {entry}", log=log)


def import_data(
    desk: "Desk",
    *,
    children: "Children",
    path: str,
    name: str,
    origin: str = "",
    **fields: Any,
) -> Any:
    """Import market data through a child; `fields` are those of `omp.wire.import_call`."""
    from omp.ops import data

    options = arguments(fields)
    return data.import_files(desk, children, Path(path), name=name, options=options, origin=origin)


def check_data(desk: "Desk", data_set: str) -> Any:
    """The certificate of a data set's latest snapshot, or of the one with that digest."""
    from omp.domain.ids import check_id
    from omp.ops import data, data_sets

    check_id(data_set, "data set")
    known = data.listed(desk)
    fits = [
        one
        for one in known
        if one.name == data_set or (len(data_set) >= 8 and one.digest.startswith(data_set))
    ]
    if not fits:
        names = ", ".join(sorted({one.name for one in known})) or "none yet"
        raise InvalidInput(f"no data set is called {data_set!r}", allowed=names)
    path = desk.workspace.snapshots / fits[0].digest / "readiness.json"
    try:
        readiness = json.loads(path.read_bytes())
    except (OSError, ValueError):
        readiness = {"ready": None, "faults": [f"there is no certificate at {path}"]}
    return {
        "name": fits[0].name,
        "digest": fits[0].digest,
        "readiness": readiness,
        "calendar": data_sets.calendar_of(desk, fits[0].digest),
    }


_queue = partial(Verb, "queue", first=("campaign",))
_queue_change = partial(_queue, rehearses=True)
_hall = partial(Verb, "hall", first=("entry",))

VERBS: dict[str, Verb] = {
    **{
        f"miner.{action}": Verb("miner", "want", fixed=(action,))
        for action in ("start", "stop", "pause", "resume")
    },
    "miner.status": Verb("miner_status", "status"),
    "maintenance.state": Verb("maintenance", "state"),
    "maintenance.turn": Verb("maintenance", "turn", first=("on",)),
    "queue.list": Verb("queue", "list_queue", shape=_items),
    "queue.show": _queue("get"),
    "queue.add": Verb("queue", "add", rehearses=True),
    "queue.bulk": Verb("queue", "bulk", first=("action",), rehearses=True),
    "queue.change": _queue_change("change"),
    "queue.move": _queue_change("reorder"),
    "queue.lift": _queue_change("lift"),
    "queue.again": _queue_change("again"),
    "queue.approve": Verb("queue", "approve", first=("campaign", "approval"), rehearses=True),
    "queue.disapprove": Verb("queue", "disapprove", first=("campaign", "approval"), rehearses=True),
    "queue.remove": _queue_change("remove"),
    "queue.why": _queue("why"),
    "runs.list": Verb("runs", "list_runs", rename={"campaign": "campaign_id"}),
    "runs.show": Verb("runs", "show", first=("run",), shape=_record),
    "runs.candidates": Verb("runs", "candidates", first=("run",)),
    "runs.funnel": Verb("funnel", "of_run", first=("run",)),
    "ledger.window": Verb("windows", "open_window", first=("lineage",), children=True),
    "ledger.funnel": Verb("funnel", "of_lineage", first=("lineage",)),
    "runs.luck": Verb("luck", "measure", first=("run",), children=True),
    "runs.refused": Verb("promotion", "refusals", first=("run",), shape=_items, limits=True),
    "runs.cancel": Verb("runs", "cancel", first=("run",)),
    "runs.restore": Verb("archive", "restore", first=("run",)),
    "runs.undelete": Verb("trash", "undelete", first=("run",)),
    "runs.hold": Verb("tiers", "hold", first=("run",)),
    "runs.release": Verb("tiers", "release", first=("run",)),
    "promotion.check": Verb("promotion", "promote_check", first=("run",)),
    "promotion.promote": Verb(
        "promotion", "promote", first=("run_id", "candidate_id"), children=True
    ),
    "reviews.list": Verb("reviews", "listed", shape=_items),
    "reviews.sign": Verb("reviews", "sign", first=("run_id", "candidate_id")),
    "hall.list": Verb("hall", "listed", shape=_items),
    "hall.show": _hall("show"),
    "hall.act": Verb("hall", "act", first=("entry", "action")),
    "hall.check": Verb("hall", "check"),
    "hall.replay": Verb("", "replay", first=("entry",), children=True),
    "hall.sync": Verb("sync", "hof_sync"),
    "hall.drift": Verb("drift", "compare"),
    "incidents.report": Verb("incidents", "report", first=("summary",)),
    "silences.list": Verb("silences", "listed", shape=_items),
    "silences.add": Verb("silences", "silence", first=("kind",)),
    "silences.lift": Verb("silences", "lift", first=("silence",)),
    "alerts.test": Verb("alert_trial", "send_trial"),
    "incidents.list": Verb("", "list_incidents", shape=_items),
    "incidents.show": Verb("incidents", "get", first=("incident",)),
    "incidents.acknowledge": Verb("incidents", "acknowledge", first=("incident",)),
    "incidents.resolve": Verb("incidents", "resolve", first=("incident",)),
    "data.list": Verb("data", "listed", shape=_items),
    "data.import": Verb("", "import_data", children=True),
    "data.check": Verb("", "check_data", first=("data_set",)),
    "data.sets": Verb("data_sets", "listed", shape=_items),
    "data.show": Verb("data_sets", "show", first=("data_set",)),
    "data.update": Verb("data_update", "update", first=("data_set",), children=True),
    "data.age": Verb("data_age", "set_limit", first=("data_set",)),
    "data.derive": Verb("data_derive", "derive", first=("parent",), children=True),
    "data.judge": Verb("data_judge", "judge", first=("data_set",), children=True),
    "data.repair": Verb("data_derive", "repair", first=("parent",), children=True),
    "data.fetch": Verb("data_update", "fetch_as", children=True),
    "data.incident": Verb("data_incidents", "open_about", first=("data_set",)),
    "data.incidents": Verb("data_incidents", "of_data", first=("data_set",), shape=_items),
    "data.revalidations": Verb("data_sets", "revalidations", shape=_items),
    "reports.show": Verb("cards", "render", first=("kind",)),
    "retention.clean": Verb("retention", "clean"),
    "backup.make": Verb("backup", "make"),
    "backup.to": Verb("backup", "make"),
}
"""Every verb; a test compares their arguments with the functions'."""


def run_verb(desk: "Desk", verb: str, given: dict[str, Any]) -> Any:
    """One verb's answer as plain JSON values."""
    from omp.cli.face import as_plain

    return as_plain(VERBS[verb].run(desk, given))


def read_beside(workspace: Workspace, verb: str, given: dict[str, Any]) -> Any:
    """Answer a verb of `READING` from the record itself, without the lock."""
    from omp.app import open_desk

    desk = open_desk(workspace.root)
    try:
        return run_verb(desk, verb, given)
    finally:
        desk.db.close()


class OpsDoor:
    """The verbs of a workspace that no daemon holds."""

    is_live = False

    def __init__(self, workspace: Workspace, lock: Lock) -> None:
        from omp.app import open_desk

        self._lock = lock
        try:
            self._desk = open_desk(workspace.root)
        except BaseException:
            lock.give_back()
            raise

    def call(self, verb: str, given: dict[str, Any]) -> Any:
        """Do it at the desk."""
        return run_verb(self._desk, verb, given)

    def close(self) -> None:
        """Close the record and give the lock back."""
        self._desk.db.close()
        self._lock.give_back()
