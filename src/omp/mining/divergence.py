"""What is left behind where the same computation gave two results: a record, told and kept."""

from omp.domain.durable import write_durable
from omp.domain.errors import Damaged, Diverged
from omp.wire.canonical import canonical
from omp.wire.lines import Lines, utc_now
from omp.wire.rundir import SCHEMA_VERSION, RunDirectory, read_json


def keep_divergence(run: RunDirectory, lines: Lines, error: Diverged) -> None:
    """Write `divergence.json` and tell the `divergence` event; the run must not go on.

    Args:
        run: Whose.
        lines: Where it is told.
        error: With the genome, the field and both digests in its `facts`.
    """
    record = {
        "schema_version": SCHEMA_VERSION,
        "ts": utc_now(),
        "message": error.sentence,
        **error.facts,
    }
    write_durable(run.divergence, canonical(record))
    lines.emit("divergence", message=error.sentence, **error.facts)


def refuse_diverged(run: RunDirectory) -> None:
    """Refuse a run directory in which a divergence was found: a second try would hide it.

    Raises:
        Diverged: With what was found then.
    """
    if not run.divergence.is_file():
        return
    try:
        record = read_json(run.divergence, remedy="mine it again as a new run")
    except Damaged:
        record = {}
    raise Diverged(
        f"an earlier attempt of {run.root.name} found that the same computation gave two results: "
        f"{record.get('message', 'its record cannot be read')}",
        allowed="a run without a divergence",
        remedy="find the cause, resolve the incident, and mine it as a new run",
        facts={
            name: value
            for name, value in record.items()
            if name not in ("schema_version", "ts", "message")
        },
    )
