"""Prints docs/reference/states.md from the machines: python -m tests.docs.states_page."""

from pathlib import Path

from omp.daemon.endings import ended_by
from omp.domain.campaign import CAMPAIGN
from omp.domain.hall import ENTRY
from omp.domain.incident import INCIDENT
from omp.domain.machine import Machine
from omp.domain.miner import MINER
from omp.domain.run import MAX_ATTEMPTS_WITHOUT_PROGRESS, RUN
from omp.domain.run_place import PLACE

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "states.md"

HEAD = """\
# States

Everything that has a state has a table of moves. A move that is not in its table is refused with
the moves that are (HTTP 409, exit code 5). The diagrams below are printed from those tables.
"""

ABOUT: dict[str, str] = {
    "miner": "What a person wants is kept in the record and survives a restart; without a daemon "
    "the miner is offline, whatever is wanted.",
    "run": "A run is one execution of a campaign with one seed. Its attempt number is a fencing "
    "token: every change names the attempt it is made for, and a late one changes nothing. "
    f"{MAX_ATTEMPTS_WITHOUT_PROGRESS} attempts in a row without a new generation and the run has "
    "failed; an attempt that an operator or a stopping daemon ended does not count.",
    "run directory": "Where the directory of a finished run lies. The record says so, and the disk "
    "follows it; see [old runs](../how-to/old-runs.md).",
    "campaign": "A campaign is a standing order. The status that lists show is that of its latest "
    "run.",
    "Hall of Fame entry": "An entry is never deleted: what is removed stays as a tombstone.",
    "incident": "An incident is closed only with cause, resolution and prevention.",
}

ENDS = (
    "A run whose directory is finished (its `manifest.json` is there, and every file has the "
    "digest it names) is completed, however its child ended. Otherwise the exit code decides; a "
    "negative one is the signal that ended the child, and the end of a child of an earlier daemon "
    "is unknown unless its last line tells. A run whose child told a `divergence` has failed in "
    "any case.\n"
)

EXITS = (0, 2, 3, 4, 8, 130, 1, -9, None)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    parts += [_section(machine) for machine in (MINER, RUN, PLACE, CAMPAIGN, ENTRY, INCIDENT)]
    parts.append(_exits())
    return "\n".join(parts)


def _section(machine: Machine) -> str:
    title = machine.name[0].upper() + machine.name[1:]
    rows = [
        f"| {state} | {action} | {after} | {machine.notes.get((state, action), '')} |"
        for (state, action), after in machine.moves.items()
    ]
    return "\n".join(
        [
            f"## {title}\n",
            f"{ABOUT[machine.name]}\n",
            f"```mermaid\n{machine.mermaid()}\n```\n",
            "| state | action | next state | note |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _exits() -> str:
    rows = []
    for code in EXITS:
        verdict = ended_by(code, None, "mine")
        shown = "unknown" if code is None else str(code)
        becomes = "queued: the same run, next attempt" if verdict.again else "failed"
        rows.append(f"| {shown} | {becomes} | {verdict.cause} |")
    return "\n".join(
        [
            "## How a child's end ends its run\n",
            ENDS,
            "| exit code | the run becomes | cause on record |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page())
