"""`charges.ndjson`: what a run owes the trial ledger, written before it is evaluated.

Before a generation its genomes are charged; afterwards its new distinct behaviours are stated.
The lines are read by generation, so that a generation that was charged twice because its first
attempt was killed counts once; one that has no result counts its genomes.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from omp.domain.durable import append_durable, sync_file
from omp.domain.errors import Damaged
from omp.wire.filed import read_filed
from omp.wire.lines import utc_now

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Owed:
    """What one generation owes.

    Args:
        generation: From 0.
        genomes: Rules charged before evaluation.
        behaviours: New distinct behaviours it brought, None while it has no result.
        attempt: Attempt that charged it last.
    """

    generation: int
    genomes: int
    behaviours: int | None
    attempt: int

    @property
    def trials(self) -> int:
        """What it counts as: its behaviours, or all its genomes while the result is unknown."""
        return self.genomes if self.behaviours is None else self.behaviours


@dataclass(frozen=True)
class Tally:
    """All that a run owes, by generation."""

    owed: tuple[Owed, ...]

    @property
    def genomes(self) -> int:
        return sum(one.genomes for one in self.owed)

    @property
    def trials(self) -> int:
        return sum(one.trials for one in self.owed)

    @property
    def open_generations(self) -> int:
        """Generations that were charged and have no result."""
        return sum(1 for one in self.owed if one.behaviours is None)


def charge(path: Path, *, attempt: int, generation: int, genomes: int) -> None:
    """Charge a generation's genomes; returns once the line is on the disk."""
    _append(path, kind="charge", attempt=attempt, generation=generation, genomes=genomes)


def settle(path: Path, *, attempt: int, generation: int, behaviours: int, distinct: int) -> None:
    """State a charged generation's new distinct behaviours, and the run's total so far.

    The line is on the disk with the next charge, or after `seal`: one that a power cut loses is
    written again from the checkpoint, and until then its generation counts all its genomes.
    """
    _append(
        path,
        durable=False,
        kind="result",
        attempt=attempt,
        generation=generation,
        behaviours=behaviours,
        distinct=distinct,
    )


def seal(path: Path) -> None:
    """Return once every line is on the disk."""
    sync_file(path)


def _append(path: Path, *, durable: bool = True, **fields: object) -> None:
    line = json.dumps({"schema_version": SCHEMA_VERSION, **fields, "ts": utc_now()})
    append_durable(path, line.encode(), durable=durable)


def read_charges(path: Path) -> Tally:
    """What a run owes so far; an absent file owes nothing.

    Raises:
        Damaged: If a line other than an unfinished last one cannot be read, or a result has no
            charge before it.
    """
    try:
        data = read_filed(path)
    except FileNotFoundError:
        return Tally(())
    genomes: dict[int, int] = {}
    behaviours: dict[int, int] = {}
    attempts: dict[int, int] = {}
    for number, line in enumerate(data[: data.rfind(b"\n") + 1].splitlines(), start=1):
        try:
            record = json.loads(line)
            generation = int(record["generation"])
            if record["kind"] == "charge":
                genomes[generation] = max(genomes.get(generation, 0), int(record["genomes"]))
                attempts[generation] = int(record["attempt"])
            else:
                behaviours[generation] = {"result": int(record["behaviours"])}[record["kind"]]
                attempts[generation]  # a result without its charge is a fault
        except (ValueError, TypeError, KeyError) as error:
            raise Damaged(
                f"line {number} of {path} cannot be read: {error}",
                remedy="its trials are unknown, so the run cannot be promoted; mine it again",
            ) from error
    return Tally(
        tuple(
            Owed(
                generation,
                genomes[generation],
                behaviours.get(generation),
                attempts[generation],
            )
            for generation in sorted(genomes)
        )
    )
