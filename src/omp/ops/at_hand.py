"""Whether a run's directory can be read now, and what to do where it cannot."""

from omp.domain.errors import NotFound
from omp.store.runs import Run

REMEDIES = {
    "archived": "omp runs restore {run}",
    "trashed": "omp runs undelete {run}",
    "deleted": "its figures and verdicts stay in the record; to have its files, mine it again",
}


def where(run: Run) -> str:
    """Where a run's directory lies, in words; empty where it is at hand."""
    since = f" since {run.placed_at[:10]}" if run.placed_at else ""
    told = {
        "archived": f"the directory of {run.id} is archived in {run.archive}{since}",
        "trashed": f"the directory of {run.id} is in the trash{since}",
        "deleted": f"the directory of {run.id} was deleted by retention{since}",
    }
    return told.get(run.place, "")


def require(run: Run) -> None:
    """Refuse to read a directory that is elsewhere.

    Raises:
        NotFound: It is archived, in the trash or deleted; says how to get it back.
    """
    if told := where(run):
        raise NotFound(told, remedy=REMEDIES[run.place].format(run=run.id))
