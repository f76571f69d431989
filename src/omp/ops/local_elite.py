"""The local elite: what each completed run keeps in its own `hall_of_fame/`, promoted or not."""

from dataclasses import dataclass

from omp.domain.errors import OmpError
from omp.ops import runs
from omp.ops.desk import Desk
from omp.wire.rundir import RunDirectory


@dataclass(frozen=True)
class Elite:
    """One strategy of a run's local elite.

    Args:
        folder: Relative to the workspace; None where retention has taken it.
        outcome: What the gates made of it; None before it is judged.
        promoted: It is what its run brought into the Hall of Fame.
    """

    run_id: str
    campaign: str
    environment: str
    candidate_id: str
    kind: str
    rank: int
    sharpe_x_annual: float | None
    outcome: str | None
    first_failed_gate: str | None
    promoted: bool
    folder: str | None


@dataclass(frozen=True)
class ElitePage:
    """The elite of some runs, the newest run first, and the cursor of the next runs."""

    items: tuple[Elite, ...]
    next: str | None


def listed(
    desk: Desk,
    *,
    environment: str | None = None,
    run_id: str | None = None,
    limit: int = 20,
    after: str | None = None,
) -> ElitePage:
    """The local elite of completed runs.

    Args:
        run_id: Only of this run.
        limit: Of so many runs at most.
        after: `next` of the page before.

    Raises:
        NotFound: There is no run of that id.
        InvalidInput: The cursor is not of this list.
    """
    if run_id is not None:
        return ElitePage(_of(desk, runs.show(desk, run_id).as_record()), None)
    page = runs.list_runs(
        desk, state="completed", environment=environment, limit=limit, after=after
    )
    return ElitePage(tuple(one for run in page.items for one in _of(desk, run)), page.next)


def _of(desk: Desk, run: dict[str, object]) -> tuple[Elite, ...]:
    run_id = str(run["id"])
    directory = RunDirectory(desk.workspace.run(run_id))
    found = []
    for row in runs.candidates(desk, run_id, limit=500, after=-1).items:
        candidate_id = str(row["candidate_id"])
        try:
            folder = directory.candidate(candidate_id)
        except OmpError:
            continue
        there = folder.is_dir()
        found.append(
            Elite(
                run_id=run_id,
                campaign=str(run["campaign"]),
                environment=str(run["environment"]),
                candidate_id=candidate_id,
                kind=str(row["kind"]),
                rank=row["rank"],
                sharpe_x_annual=row["sharpe_x_annual"],
                outcome=row["outcome"],
                first_failed_gate=row["first_failed_gate"],
                promoted=run["outcome"] == "promoted" and run["subject_id"] == candidate_id,
                folder=folder.relative_to(desk.workspace.root).as_posix() if there else None,
            )
        )
    return tuple(found)
