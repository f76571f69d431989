"""The verbs by `ops`, under the workspace lock: what the CLI uses while no daemon runs.

One function a verb, with the same arguments and the same answer as over HTTP. Those in `READING`
change nothing, so they are answered here even beside a live daemon that has no address for them.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omp.cli.doors import Lock
from omp.domain.errors import InvalidInput
from omp.wire.workspace import Workspace

if TYPE_CHECKING:
    from omp.ops.children import Children
    from omp.ops.desk import Desk

READING = frozenset({"runs.refused", "hall.check", "hall.replay", "data.check", "reviews.list"})


def _items(found: Iterable[Any]) -> dict[str, Any]:
    return {"items": list(found), "next": None}


def _want(action: str) -> Callable[..., Any]:
    def want(desk: "Desk", *, reason: str | None = None, suspend: bool = False) -> Any:
        from omp.ops import miner

        return miner.want(desk, action, reason=reason, suspend=suspend)

    return want


def _status(desk: "Desk") -> Any:
    from omp.ops import miner_status

    return miner_status.status(desk)


def _queue_list(desk: "Desk") -> Any:
    from omp.ops import queue

    return _items(queue.list_queue(desk))


def _queue_show(desk: "Desk", *, campaign: str) -> Any:
    from omp.ops import queue

    return queue.get(desk, campaign)


def _queue_add(desk: "Desk", **given: Any) -> Any:
    from omp.ops import queue

    return queue.add(desk, **given)


def _queue_change(desk: "Desk", *, campaign: str, **given: Any) -> Any:
    from omp.ops import queue

    return queue.change(desk, campaign, **given)


def _queue_move(desk: "Desk", *, campaign: str, before: str | None, reason: str) -> Any:
    from omp.ops import queue

    return queue.reorder(desk, campaign, before=before, reason=reason)


def _queue_lift(desk: "Desk", *, campaign: str, reason: str) -> Any:
    from omp.ops import queue

    return queue.lift(desk, campaign, reason=reason)


def _queue_again(desk: "Desk", *, campaign: str, reason: str | None = None) -> Any:
    from omp.ops import queue

    return queue.again(desk, campaign, reason=reason)


def _queue_approve(desk: "Desk", *, campaign: str, approval: str) -> Any:
    from omp.ops import queue

    return queue.approve(desk, campaign, approval)


def _queue_remove(desk: "Desk", *, campaign: str, reason: str | None = None) -> Any:
    from omp.ops import queue

    return queue.remove(desk, campaign, reason=reason)


def _queue_why(desk: "Desk", *, campaign: str) -> Any:
    from omp.ops import queue

    return queue.why(desk, campaign)


def _runs_list(desk: "Desk", *, campaign: str | None = None, **given: Any) -> Any:
    from omp.ops import run_pages

    return run_pages.list_runs(desk, campaign_id=campaign, **given)


def _runs_show(desk: "Desk", *, run: str) -> Any:
    from omp.ops import run_pages

    return run_pages.show(desk, run).as_record()


def _runs_candidates(desk: "Desk", *, run: str, limit: int = 100) -> Any:
    from omp.ops import run_pages

    return run_pages.candidates(desk, run, limit=limit)


def _runs_refused(desk: "Desk", *, run: str, limit: int = 100) -> Any:
    from omp.ops import promotion

    rows = []
    refused = [one for one in promotion.refusals(desk, run) if one.candidate.outcome != "promoted"]
    for one in refused[:limit]:
        stopped = one.verdict
        rows.append(
            {
                "candidate_id": one.candidate.candidate_id,
                "outcome": stopped.outcome if stopped else one.candidate.outcome,
                "first_failed_gate": stopped.gate if stopped else one.candidate.first_failed_gate,
                "value": stopped.value if stopped else None,
                "bar": stopped.bar if stopped else None,
                "sentence": stopped.sentence if stopped else "it was not judged by itself",
            }
        )
    return _items(rows)


def _runs_cancel(desk: "Desk", *, run: str, reason: str | None = None) -> Any:
    from omp.ops import runs

    return runs.cancel(desk, run, reason=reason)


def _promotion_check(desk: "Desk", *, run: str) -> Any:
    from omp.ops import promotion

    return promotion.promote_check(desk, run)


def _promote(
    desk: "Desk", children: "Children", *, run_id: str, candidate_id: str, reason: str | None = None
) -> Any:
    from omp.ops import promotion

    return promotion.promote(desk, run_id, candidate_id, children=children, reason=reason)


def _reviews_list(desk: "Desk") -> Any:
    from omp.ops import reviews

    return _items(reviews.listed(desk))


def _reviews_sign(desk: "Desk", *, run_id: str, candidate_id: str, **given: Any) -> Any:
    from omp.ops import reviews

    return reviews.sign(desk, run_id, candidate_id, **given)


def _hall_list(desk: "Desk", *, environment: str | None = None) -> Any:
    from omp.ops import hall

    return _items(hall.listed(desk, environment=environment))


def _hall_show(desk: "Desk", *, entry: str) -> Any:
    from omp.ops import hall

    return hall.show(desk, entry)


def _hall_act(desk: "Desk", *, entry: str, action: str, reason: str) -> Any:
    from omp.ops import hall

    return hall.act(desk, entry, action, reason=reason)


def _hall_check(desk: "Desk") -> Any:
    from omp.ops import hall

    return hall.check(desk)


def _hall_replay(desk: "Desk", children: "Children", *, entry: str) -> Any:
    from omp.domain.ids import check_id
    from omp.ops.children import required

    log = desk.workspace.logs / "replay.log"
    where = ["--workspace", str(desk.workspace.root)]
    args = ["factory", "replay", "--entry", check_id(entry, "entry"), *where]
    return required(children.run(args, log=log), f"the replay of {entry}", log=log)


def _hall_sync(desk: "Desk") -> Any:
    from omp.ops import sync

    return sync.hof_sync(desk)


def _incidents_list(desk: "Desk", *, state: str = "all") -> Any:
    from omp.ops import incidents

    return _items(incidents.listed(desk, open_only=state == "open"))


def _incidents_show(desk: "Desk", *, incident: str) -> Any:
    from omp.ops import incidents

    return incidents.get(desk, incident)


def _incidents_acknowledge(desk: "Desk", *, incident: str) -> Any:
    from omp.ops import incidents

    return incidents.acknowledge(desk, incident)


def _incidents_resolve(desk: "Desk", *, incident: str, **given: Any) -> Any:
    from omp.ops import incidents

    return incidents.resolve(desk, incident, **given)


def _data_list(desk: "Desk", *, environment: str | None = None) -> Any:
    from omp.ops import data

    return _items(data.listed(desk, environment=environment))


def _data_import(
    desk: "Desk",
    children: "Children",
    *,
    path: str,
    name: str,
    venue: str = "us",
    timeframe: str = "1d",
    columns: list[str] | None = None,
) -> Any:
    from omp.ops import data

    options = ["--venue", venue, "--timeframe", timeframe]
    for column in columns or ():
        options += ["--column", column]
    return data.import_files(desk, children, Path(path), name=name, options=tuple(options))


def _data_check(desk: "Desk", *, data_set: str) -> Any:
    from omp.domain.ids import check_id
    from omp.ops import data

    check_id(data_set, "data set")
    fits = [
        one
        for one in data.listed(desk)
        if one.name == data_set or (len(data_set) >= 8 and one.digest.startswith(data_set))
    ]
    if not fits:
        names = ", ".join(sorted({one.name for one in data.listed(desk)})) or "none yet"
        raise InvalidInput(f"no data set is called {data_set!r}", allowed=names)
    path = desk.workspace.snapshots / fits[0].digest / "readiness.json"
    try:
        readiness = json.loads(path.read_bytes())
    except (OSError, ValueError):
        readiness = {"ready": None, "faults": [f"there is no certificate at {path}"]}
    return {"name": fits[0].name, "digest": fits[0].digest, "readiness": readiness}


def _reports_show(desk: "Desk", *, kind: str, subject: str | None = None) -> Any:
    from omp.ops import cards

    return cards.render(desk, kind, subject=subject)


def _retention_clean(desk: "Desk", **given: Any) -> Any:
    from omp.ops import retention

    return retention.clean(desk, **given)


VERBS: dict[str, Callable[..., Any]] = {
    "miner.start": _want("start"),
    "miner.stop": _want("stop"),
    "miner.pause": _want("pause"),
    "miner.resume": _want("resume"),
    "miner.status": _status,
    "queue.list": _queue_list,
    "queue.show": _queue_show,
    "queue.add": _queue_add,
    "queue.change": _queue_change,
    "queue.remove": _queue_remove,
    "queue.move": _queue_move,
    "queue.lift": _queue_lift,
    "queue.again": _queue_again,
    "queue.approve": _queue_approve,
    "queue.why": _queue_why,
    "runs.list": _runs_list,
    "runs.show": _runs_show,
    "runs.candidates": _runs_candidates,
    "runs.cancel": _runs_cancel,
    "runs.refused": _runs_refused,
    "promotion.check": _promotion_check,
    "promotion.promote": _promote,
    "reviews.list": _reviews_list,
    "reviews.sign": _reviews_sign,
    "hall.list": _hall_list,
    "hall.show": _hall_show,
    "hall.act": _hall_act,
    "hall.check": _hall_check,
    "hall.replay": _hall_replay,
    "hall.sync": _hall_sync,
    "incidents.list": _incidents_list,
    "incidents.show": _incidents_show,
    "incidents.acknowledge": _incidents_acknowledge,
    "incidents.resolve": _incidents_resolve,
    "data.list": _data_list,
    "data.import": _data_import,
    "data.check": _data_check,
    "reports.show": _reports_show,
    "retention.clean": _retention_clean,
}

NEED_CHILDREN = frozenset({"promotion.promote", "hall.replay", "data.import"})


def run_verb(desk: "Desk", verb: str, given: dict[str, Any]) -> Any:
    """One verb's answer as plain JSON values."""
    from omp.cli.face import as_plain

    extra: tuple[Any, ...] = ()
    if verb in NEED_CHILDREN:
        from omp.ops.children import DirectChildren

        extra = (DirectChildren(desk.workspace),)
    return as_plain(VERBS[verb](desk, *extra, **given))


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
