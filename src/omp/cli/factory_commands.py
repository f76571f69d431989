"""`combiner factory …`: run, judge, measure luck, look once, replay, audit, export, promote.

Heavy rooms are imported inside the command that needs them, so that `--help` and a refusal are
quick.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omp.cli.shut_in import shut_in
from omp.domain.errors import Damaged, Diverged, Interrupted, InvalidInput
from omp.domain.ids import new_id
from omp.wire.lines import Lines
from omp.wire.workspace import Workspace

if TYPE_CHECKING:
    from omp.mining.opened import OpenRun

app = typer.Typer(
    help="Run and judge one campaign.", no_args_is_help=True, pretty_exceptions_enable=False
)

Where = Annotated[
    Path,
    typer.Option("--workspace", "-w", envvar="OMP_WORKSPACE", metavar="DIR", help="The workspace."),
]
RunId = Annotated[str, typer.Option("--run", metavar="ID", help="The run.")]
DEFAULT_WORKSPACE = Path("workspace")


@app.command("run")
def run_campaign(
    campaign: Annotated[Path, typer.Option(metavar="FILE", help="The campaign's TOML.")],
    run_id: Annotated[str, typer.Option(metavar="ID", help="Name of the run.")] = "",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Its directory.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed; the campaign's first by default.")] = None,
    workers: Annotated[int | None, typer.Option(help="Threads; never changes a result.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the checkpoint.")] = False,
    data_digest: Annotated[str | None, typer.Option(help="Snapshot to mine.")] = None,
    workspace: Where = DEFAULT_WORKSPACE,
) -> None:
    """Mine one campaign with one seed into a run directory."""
    place = _workspace(workspace)
    name = run_id or (out.name if resume and out is not None else new_id("run"))
    if workers is not None and workers < 1:
        raise InvalidInput(f"--workers {workers}", allowed="1 or more", remedy="give another")
    shut_in(place, out or place.run(name))
    from omp.mining.mine import Job, mine

    lines, is_stopped = _listening()
    attempt = os.environ.get("OMP_ATTEMPT", "")
    job = Job(
        workspace=place.root,
        campaign=campaign,
        run_id=name,
        out=(out or place.run(name)).resolve(),
        seed=seed,
        workers=workers,
        data_digest=data_digest,
        resume=resume,
        attempt=int(attempt) if attempt.isdigit() else None,
    )
    mine(job, lines, is_stopped=is_stopped)


@app.command("evidence")
def evidence(
    run: RunId,
    members: Annotated[
        str, typer.Option(metavar="A,B,…", help="Candidates to make one ensemble of.")
    ] = "",
    earlier: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Earlier subjects, to compare with.")
    ] = None,
    workspace: Where = DEFAULT_WORKSPACE,
) -> None:
    """Measure a run's best candidates again, or an equal-weight ensemble of some."""
    lines, opened, may_go_on = _open(workspace, run, "evidence", mines=True)
    from omp.mining.evidence import measure_ensemble, measure_run

    if members or earlier:
        names = [one.strip() for one in members.split(",") if one.strip()]
        subject, digest = measure_ensemble(opened, names, earlier=earlier)
        lines.emit("result", run_id=run, candidate_id=subject, evidence=digest)
        return
    digest = measure_run(opened, may_go_on=may_go_on)
    lines.emit("result", run_id=run, evidence=digest)


@app.command("recheck")
def recheck(
    run: RunId,
    candidate: Annotated[str, typer.Option(metavar="ID", help="The subject.")],
    members: Annotated[
        str, typer.Option(metavar="A,B,…", help="Its members; alone, itself by default.")
    ] = "",
    earlier: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Earlier subjects it was compared with.")
    ] = None,
    workspace: Where = DEFAULT_WORKSPACE,
) -> None:
    """Compute a subject again with other workers, and compare to the last bit."""
    lines, opened, _ = _open(workspace, run, "recheck", mines=True)
    from omp.mining.recheck import recheck as again

    names = [one.strip() for one in members.split(",") if one.strip()] or [candidate]
    try:
        found = again(opened, candidate, names, earlier=earlier)
    except Diverged as error:
        lines.emit("divergence", message=error.sentence, **error.facts)
        raise
    _say([f"{candidate}: {len(names)} members and its evidence are the same bits"])
    lines.emit("result", run_id=run, **found)


@app.command("look")
def look(
    run: RunId,
    candidate: Annotated[str, typer.Option(metavar="ID", help="The subject.")],
    grant: Annotated[Path, typer.Option(metavar="FILE", help="The daemon's grant.")],
    workspace: Where = DEFAULT_WORKSPACE,
) -> None:
    """Look once at the sealed window, as granted; refuses without its grant."""
    from omp.wire.grant import read_grant

    read_grant(grant, _workspace(workspace).keys)  # refused before anything heavy is loaded
    lines, opened, _ = _open(workspace, run, "look")
    from omp.mining.look import look as take

    look_id, digest = take(opened, candidate, grant)
    lines.emit("result", run_id=run, candidate_id=candidate, look_id=look_id, look=digest)


@app.command("luck")
def luck(
    run: RunId,
    copies: Annotated[int, typer.Option(metavar="K", min=1, help="Surrogate copies.")] = 20,
    block_bars: Annotated[
        int, typer.Option(metavar="N", min=2, help="Bars of like volatility shuffled together.")
    ] = 63,
    workspace: Where = DEFAULT_WORKSPACE,
) -> None:
    """Run the same search on surrogate copies of its data: what luck alone would have found."""
    lines, opened, _ = _open(workspace, run, "luck", mines=True)
    from omp.mining.luck import measured_luck_line, variety

    ideas = variety(opened.plan)
    line = measured_luck_line(
        opened.plan,
        copies,
        block_bars=block_bars,
        tell=lambda number, best: _say([f"copy {number} of {copies}: best {best:.2f} a year"]),
    )
    year = opened.plan.panel.periods_per_year**0.5
    best = max((one.sharpe_x * year for one in opened.rows), default=None)
    share = None if best is None else line.share_as_good(best)
    if best is not None:
        _say([f"{run}: best {best:.2f} a year; as good on {share:.3f} of the copies and itself"])
    lines.emit(
        "result",
        run_id=run,
        copies=copies,
        block_bars=block_bars,
        luck_measured_annual=line.measured_annual,
        luck_assumed_annual=line.assumed_annual,
        best_of_each_copy_annual=list(line.best_annual),
        trials=line.trials,
        best_of_run_annual=best,
        share_as_good=share,
        random_rules=ideas.genomes,
        effective_random_rules=ideas.ideas,
        without_trades=ideas.without_trades,
    )


@app.command("replay")
def replay(
    entry: Annotated[str, typer.Option(metavar="ID", help="Entry of the Hall of Fame.")],
    workspace: Where = DEFAULT_WORKSPACE,
) -> None:
    """Rebuild an entry's numbers and trades from its own folder, and compare."""
    lines, _ = _listening()
    folder = _workspace(workspace).entry(entry)
    from omp.mining.replay import replay_entry

    found = replay_entry(folder)
    if not found["equal"]:
        _say([f"- {one}" for one in found["differences"]])
        raise Damaged(
            f"{entry} does not replay: {len(found['differences'])} differences, the first: "
            f"{found['differences'][0]}",
            remedy="omp hall quarantine it, and look for what changed: data, code or libraries",
        )
    _say([f"{entry}: {found['numbers']} numbers and {found['trades']} trades are the same"])
    lines.emit("result", **found)


@app.command("audit")
def audit(run: RunId, workspace: Where = DEFAULT_WORKSPACE) -> None:
    """Hold a run directory against its manifest, its charges and its evidence."""
    lines, opened, may_go_on = _open(workspace, run, "audit")
    from omp.mining.audit import audit as examine

    found = examine(opened, may_go_on=may_go_on)
    if found["faults"]:
        _say([f"- {one}" for one in found["faults"]])
        raise Damaged(
            f"{run} has {len(found['faults'])} faults, the first: {found['faults'][0]}",
            remedy="do not trust this run; mine it again with: omp queue add",
        )
    _say([f"{run}: {found['files']} files, {found['trials']} trials, no fault"])
    lines.emit("result", **found)


@app.command("export-top")
def export_top(
    run: RunId,
    top: Annotated[int, typer.Option(help="How many, best first.")] = 100,
    workspace: Where = DEFAULT_WORKSPACE,
) -> None:
    """Write the best candidates as CSV and JSON, and folders for those that have none."""
    lines, opened, may_go_on = _open(workspace, run, "export", mines=True)
    from omp.mining.export import export_top as export

    table, written = export(opened, top, may_go_on=may_go_on)
    shown = ("rank", "candidate_id", "n_trades", "sharpe_x_annual", "max_drawdown", "complexity")
    _say(["  ".join(f"{name:>16}" for name in shown)])
    for row in table:
        cells = [f"{v:.3f}" if isinstance(v := row[name], float) else str(v) for name in shown]
        _say(["  ".join(f"{cell[:25]:>16}" for cell in cells)])
    folder = opened.run.exports
    lines.emit(
        "result",
        run_id=run,
        exported=len(table),
        files=[str(folder / f"top_{top}.csv"), str(folder / f"top_{top}.json")],
        folders_written=written,
    )


@app.command("promote")
def promote(
    run: RunId,
    candidate: Annotated[str, typer.Option(metavar="ID", help="The subject.")],
    reason: Annotated[str, typer.Option(help="Why; journalled.")] = "",
    workspace: Where = DEFAULT_WORKSPACE,
) -> None:
    """Put a candidate before the gates; it takes the same way as every promotion."""
    answer = _promote(_workspace(workspace), run, candidate, reason)
    Lines().emit("result", run_id=run, candidate_id=candidate, answer=answer)


def _promote(place: Workspace, run: str, candidate: str, reason: str) -> Any:
    """Ask `ops`, by the live daemon or under the workspace lock."""
    from omp.cli.doors import open_door

    door = open_door(place)
    try:
        given = {"run_id": run, "candidate_id": candidate, "reason": reason or None}
        return door.call("promotion.promote", {k: v for k, v in given.items() if v is not None})
    finally:
        door.close()


@app.command("validate-config")
def validate_config(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The campaign's TOML.")],
    data: Annotated[bool, typer.Option(help="Also ask whether its data are ready.")] = False,
    workspace: Where = DEFAULT_WORKSPACE,
) -> None:
    """Check a campaign file as the queue does; every fault is listed."""
    from omp.config.campaign_file import read_campaign

    campaign = read_campaign(file)
    facts: dict[str, Any] = {
        "file": str(file),
        "campaign": campaign.campaign.name,
        "config_hash": campaign.config_hash,
        "search_hash": campaign.search_hash,
    }
    if data:
        from omp.mining.data_ready import data_ready

        facts["data"] = data_ready(campaign, _workspace(workspace).root)
    _say([f"{file}: no fault found, config hash {campaign.config_hash[:12]}"])
    Lines().emit("result", **facts)


def _listening() -> tuple[Lines, Callable[[], bool]]:
    """Lines to tell on, and whether we were asked to leave."""
    from omp.mining.stopping import StopFlag

    lines = Lines()
    stop = StopFlag(lines)
    stop.listen()
    return lines, stop.is_set


def _open(
    root: Path, run: str, stage: str, *, mines: bool = False
) -> "tuple[Lines, OpenRun, Callable[[], None]]":
    """A finished run, and a way to leave early; `mines` says that it needs no sealed bar."""
    place = _workspace(root)
    if mines:
        shut_in(place)
    lines, is_stopped = _listening()
    from omp.mining.opened import open_run

    opened = open_run(place, run)
    lines.emit("stage", name=stage, run_id=run)

    def may_go_on() -> None:
        if is_stopped():
            raise Interrupted(f"{stage} of {run} was asked to stop", remedy="start it again")

    return lines, opened, may_go_on


def _say(texts: list[str]) -> None:
    """Words for a person, on standard error."""
    for text in texts:
        print(text, file=sys.stderr)


def _workspace(root: Path) -> Workspace:
    """The workspace, with compiled kernels cached inside it unless the caller says where."""
    place = Workspace(root.resolve())
    os.environ.setdefault("NUMBA_CACHE_DIR", str(place.cache / "numba"))
    return place
