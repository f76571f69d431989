"""`combiner factory …`: run, evidence, look, replay, audit, export-top, promote, validate-config.

Heavy rooms are imported inside the command that needs them, so that `--help` and a refusal are
quick.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from omp.domain.errors import InvalidInput
from omp.domain.ids import new_id
from omp.wire.lines import Lines
from omp.wire.workspace import Workspace

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
    from omp.mining.mine import Job, mine
    from omp.mining.stopping import StopFlag

    lines = Lines()
    stop = StopFlag(lines)
    stop.listen()
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
    mine(job, lines, is_stopped=stop.is_set)


def _workspace(root: Path) -> Workspace:
    """The workspace, with compiled kernels cached inside it unless the caller says where."""
    place = Workspace(root.resolve())
    os.environ.setdefault("NUMBA_CACHE_DIR", str(place.cache / "numba"))
    return place
