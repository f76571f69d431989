"""The measured luck line: a run's search made again on surrogate copies of its data, by a child."""

from omp.domain.errors import Conflict, InvalidInput
from omp.ops import at_hand
from omp.ops.children import Children, required
from omp.ops.desk import Desk
from omp.store import luck as rows
from omp.store import runs as run_rows
from omp.store.luck import MeasuredLuck

MOST_COPIES = 1000


def measure(desk: Desk, run_id: str, *, children: Children, copies: int = 20) -> MeasuredLuck:
    """Have the luck line of a run's lineage measured, and keep it.

    What is found on the copies is no trial of the lineage: nothing of it can be promoted.

    Args:
        copies: Surrogate copies to search; each costs what the run's search did.

    Raises:
        InvalidInput: So many copies are not allowed.
        Conflict: The run is not completed.
        OmpError: The child did not finish.
    """
    if not 1 <= copies <= MOST_COPIES:
        raise InvalidInput(
            f"{copies} copies", allowed=f"1 to {MOST_COPIES}", remedy="20 are a good beginning"
        )
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
    if run.state != "completed" or run.lineage is None:
        raise Conflict(
            f"run {run_id} is {run.state}",
            allowed="a completed run",
            remedy="wait for it: omp runs show " + run_id,
        )
    at_hand.require(run)
    log = desk.workspace.logs / f"{run_id}.luck.log"
    words = ["factory", "luck", "--run", run_id, "--copies", str(copies)]
    where = ["--workspace", str(desk.workspace.root)]
    found = required(children.run([*words, *where], log=log), f"the luck of {run_id}", log=log)
    measured = MeasuredLuck(
        run_id=run_id,
        lineage=run.lineage,
        measured_at=desk.clock.iso(),
        copies=found["copies"],
        block_bars=found["block_bars"],
        measured_annual=found["luck_measured_annual"],
        assumed_annual=found["luck_assumed_annual"],
        best_of_run_annual=found["best_of_run_annual"],
        share_as_good=found["share_as_good"],
        trials=found["trials"],
        random_rules=found["random_rules"],
        ideas=found["effective_random_rules"],
        without_trades=found["without_trades"],
    )
    with desk.write() as tx:
        rows.add(tx, measured)
        desk.note(
            tx,
            "luck.measured",
            run_id,
            {"copies": copies, "annual": measured.measured_annual, "lineage": run.lineage},
        )
    return measured
