"""Runs: list, show, candidates, refused, logs, cancel."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from omp.cli.face import Answer, Face, say, verb
from omp.cli.miner_commands import Reason
from omp.cli.printing import clean, instant, number, plain, record, seconds, share, table
from omp.domain.campaign import ENVIRONMENTS
from omp.domain.errors import InvalidInput, NotFound
from omp.domain.figures import count, figure
from omp.domain.figures import number as decimal
from omp.wire.filed import is_filed, part_filed, size_filed

Run = Annotated[str, typer.Argument(metavar="RUN", help="Its id, as omp runs list shows.")]
Environment = Annotated[
    str | None, typer.Option("--environment", "-e", help=", ".join(ENVIRONMENTS) + ".")
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many at most.")]

COLUMNS = (
    ("id", "RUN"),
    ("campaign_name", "CAMPAIGN"),
    ("state", "STATE"),
    ("stage", "STAGE"),
    ("seed", "SEED"),
    ("attempt", "ATTEMPT"),
    ("trials", "TRIALS"),
    ("best_sharpe", "BEST SHARPE", number(2)),
    ("outcome", "OUTCOME"),
    ("first_failed_gate", "STOPPED BY"),
    ("environment", "ENVIRONMENT"),
    ("queued_at", "QUEUED", instant),
    ("place", "FILES"),
)
CANDIDATE_COLUMNS = (
    ("rank", "RANK"),
    ("candidate_id", "CANDIDATE"),
    ("sharpe_x_annual", "EXCESS SHARPE", number(2)),
    ("sharpe_annual", "SHARPE", number(2)),
    ("max_drawdown", "DRAWDOWN", share),
    ("n_trades", "TRADES"),
    ("turnover_annual", "TURNOVER", number(1)),
    ("outcome", "OUTCOME"),
    ("first_failed_gate", "STOPPED BY"),
)
FUNNEL_COLUMNS = (
    ("name", "WHERE"),
    ("fell", "TRIALS THAT ENDED THERE", count),
    ("left", "WENT ON", count),
    ("value", "CLOSEST", figure),
    ("bar", "BAR", figure),
    ("distance", "DISTANCE", figure),
    ("about", "WHAT IT MEANS"),
)
REFUSED_COLUMNS = (
    ("candidate_id", "CANDIDATE"),
    ("gate", "STOPPED BY"),
    ("outcome", "OUTCOME"),
    ("value", "VALUE", figure),
    ("bar", "BAR", figure),
    ("sentence", "WHY"),
)
_TIMES = dict.fromkeys(("queued_at", "started_at", "progress_at", "finished_at"), instant)

app = typer.Typer(help="Executions of campaigns.", no_args_is_help=True)


def add_to(parent: typer.Typer) -> None:
    """Put the group on `parent`."""
    parent.add_typer(app, name="runs")


def check_environment(environment: str | None) -> str | None:
    """Refuse an environment that does not exist."""
    if environment is not None and environment not in ENVIRONMENTS:
        raise InvalidInput(
            f"environment {environment!r}", allowed=", ".join(ENVIRONMENTS), remedy="name one"
        )
    return environment


@verb(app, "list")
def list_runs(
    face: Face,
    environment: Environment = None,
    state: Annotated[str | None, typer.Option(help="queued, running, completed, …")] = None,
    campaign: Annotated[str | None, typer.Option(help="Those of one campaign.")] = None,
    place: Annotated[str | None, typer.Option(help="here, archived, trashed, deleted.")] = None,
    limit: Limit = 20,
) -> Answer:
    """Show the latest runs."""
    data = face.call(
        "runs.list",
        environment=check_environment(environment),
        state=state,
        campaign=campaign,
        limit=limit,
        **({} if place is None else {"place": place}),
    )
    rows = [{**one, "campaign_name": _campaign(one)} for one in data.get("items", ())]
    return Answer(data, table(rows, COLUMNS, empty="no run yet"))


def _campaign(run: dict[str, Any]) -> Any:
    return run.get("campaign") or run.get("campaign_name") or run.get("campaign_id")


@verb(app, "show")
def show(face: Face, run: Run) -> Answer:
    """Show one run."""
    data = face.call("runs.show", run=run)
    return Answer(data, record(data, {**_TIMES, "eta_s": seconds}))


@verb(app, "candidates")
def candidates(face: Face, run: Run, limit: Limit = 20) -> Answer:
    """Show a run's best candidates."""
    data = face.call("runs.candidates", run=run, limit=limit)
    return Answer(data, table(data.get("items", ()), CANDIDATE_COLUMNS, empty="none was exported"))


@verb(app, "funnel")
def funnel(
    face: Face,
    of: Annotated[str, typer.Argument(metavar="RUN|LINEAGE", help="A run, or a whole lineage.")],
) -> Answer:
    """Show where every trial fell, gate by gate, held against the ledger."""
    if of.startswith("run_"):
        data = face.call("runs.funnel", run=of)
    else:
        data = face.call("ledger.funnel", lineage=of)
    rows = [{**one, **(one.get("closest") or {})} for one in data.get("steps", ())]
    sum_ = "equal to" if data.get("reconciles") else "NOT equal to"
    trials, accounted = count(data.get("trials")), count(data.get("accounted"))
    said = f"{accounted} trials accounted for, {sum_} the {trials} charged"
    return Answer(data, [*table(rows, FUNNEL_COLUMNS, empty="nothing was charged"), "", said])


@verb(app, "luck")
def luck(
    face: Face,
    run: Run,
    copies: Annotated[
        int, typer.Option(metavar="K", min=1, help="Copies; each costs what its search did.")
    ] = 20,
) -> Answer:
    """Measure what its search finds on copies of its data in which there is nothing to find."""
    data = face.call("runs.luck", run=run, copies=copies)
    best, reached, assumed = (
        decimal(data.get(name))
        for name in ("best_of_run_annual", "measured_annual", "assumed_annual")
    )
    said = [
        f"{run}: best {best} a year; luck reaches {reached}, and was assumed to reach {assumed}",
        f"as good: {share(data.get('share_as_good'))} of {data.get('copies')} copies and itself",
        f"{count(data.get('random_rules'))} random rules are {count(data.get('ideas'))} ideas",
    ]
    return Answer(data, said)


@verb(app, "refused")
def refused(face: Face, run: Run, limit: Limit = 100) -> Answer:
    """Show who was refused, the gate that stopped each, and why."""
    data = face.call("runs.refused", run=run, limit=limit)
    rows = [_refusal(one) for one in data.get("items", ())]
    rows = [one for one in rows if one["outcome"] != "promoted"]
    return Answer(data, table(rows, REFUSED_COLUMNS, empty="nobody was refused yet"))


def _refusal(one: dict[str, Any]) -> dict[str, Any]:
    candidate, verdict = one.get("candidate") or {}, one.get("verdict") or {}
    return {
        "candidate_id": candidate.get("candidate_id"),
        "outcome": verdict.get("outcome") or candidate.get("outcome"),
        "gate": verdict.get("gate") or candidate.get("first_failed_gate"),
        "value": verdict.get("value"),
        "bar": verdict.get("bar"),
        "sentence": verdict.get("sentence") or "it was not judged by itself",
    }


@verb(app, "cancel")
def cancel(face: Face, run: Run, reason: Reason = None) -> Answer:
    """End a run for good; the trials it spent stay counted."""
    data = face.call("runs.cancel", run=run, reason=reason)
    return Answer(data, [f"{run} is {plain(data.get('state'))}"])


@verb(app, "restore")
def restore(
    face: Face,
    run: Run,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Prove the archived copy, and bring nothing back.")
    ] = False,
    reason: Reason = None,
) -> Answer:
    """Bring an archived run back, every byte compared."""
    data = face.call("runs.restore", run=run, dry_run=dry_run, reason=reason)
    return Answer(data, [plain(data.get("note"))])


@verb(app, "undelete")
def undelete(face: Face, run: Run, reason: Reason = None) -> Answer:
    """Take a run out of the trash, as it was."""
    data = face.call("runs.undelete", run=run, reason=reason)
    return Answer(data, [f"{run} is {plain(data.get('place'))}"])


@verb(app, "hold")
def hold(
    face: Face,
    run: Run,
    reason: Annotated[str, typer.Option("--reason", help="Why its files must stay.")],
) -> Answer:
    """Keep a run's files from retention until it is released."""
    data = face.call("runs.hold", run=run, reason=reason)
    return Answer(data, [f"{run} is held: {plain(data.get('held'))}"])


@verb(app, "release")
def release(face: Face, run: Run, reason: Reason = None) -> Answer:
    """Give a run back to retention."""
    data = face.call("runs.release", run=run, reason=reason)
    return Answer(data, [f"{run} is no longer held"])


@verb(app, "logs")
def logs(
    face: Face,
    run: Run,
    errors: Annotated[bool, typer.Option("--stderr", help="What it wrote to stderr.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="The last so many.")] = 50,
) -> Answer:
    """Show what a run's child said."""
    path = face.workspace.run(run) / ("stderr.log" if errors else "events.ndjson")
    if not is_filed(path):
        raise NotFound(
            f"{run} has no {path.name} in {path.parent}",
            remedy="see whether it has started, or was archived: omp runs show " + run,
        )
    found = _tail(path, lines)
    if not follow or not path.is_file():
        if errors:
            return Answer(found, [clean(line) for line in found])
        return Answer([_event(line) for line in found], [_told(line) for line in found])
    try:
        for line in _follow(path, found):
            say(line if face.is_json else clean(line) if errors else _told(line))
    except KeyboardInterrupt:
        pass
    return Answer(None) if not face.is_json else Answer([])


def _tail(path: Path, count: int) -> list[str]:
    most = 400 * count + 65536
    data, _ = part_filed(path, max(0, size_filed(path) - most), most)
    return data.decode("utf-8", "replace").splitlines()[-count:]


def _follow(path: Path, seen: list[str]) -> Iterator[str]:
    yield from seen
    with path.open("r", encoding="utf-8", errors="replace") as file:
        file.seek(0, os.SEEK_END)
        held = ""
        while True:
            held += file.read()
            *whole, held = held.split("\n")
            yield from whole
            time.sleep(0.3)


def _event(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return {"event": "unreadable", "line": line}


def _told(line: str) -> str:
    event = _event(line)
    if not isinstance(event, dict):
        return clean(line)
    rest = {key: value for key, value in event.items() if key not in ("ts", "event")}
    told = " ".join(f"{key}={plain(value)}" for key, value in rest.items())
    return clean(f"{instant(event.get('ts'))}  {event.get('event', '?'):<10} {told}")
