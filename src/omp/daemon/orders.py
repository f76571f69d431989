"""What is started for a run at each of its stages."""

import shutil
import sys
from pathlib import Path

from omp.daemon.executors.base import Order
from omp.daemon.executors.local import COMBINER
from omp.domain import confinement
from omp.domain.durable import write_durable
from omp.domain.errors import NotFound
from omp.ops.data import SYNTHETIC
from omp.ops.runs import Claimed
from omp.store.runs import Run
from omp.wire.rundir import RunDirectory
from omp.wire.workspace import Workspace

STAGES = ("prepare", "mine", "evidence")
"""Stages of a running run that have a child of their own."""


WALL = Path(confinement.__file__).resolve()


def needs_market(claimed: Claimed) -> bool:
    """Whether a fresh market must be made for its seed first."""
    source = claimed.campaign.data.source
    return source.startswith(SYNTHETIC) and claimed.run.data_digest is None


def needs_evidence(claimed: Claimed) -> bool:
    """Whether its engine is somebody else's, so that its claims must be measured again by us."""
    return bool(claimed.campaign.engine.command)


class Orders:
    """Writes the command lines of children.

    Args:
        workspace: Where they work.
        combiner: The built-in engine's command; tests put a small one in its place.
        environment: Further environment of every child.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        combiner: tuple[str, ...] = COMBINER,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.workspace = workspace
        self.combiner = combiner
        self.environment = environment or {}

    def prepare(self, claimed: Claimed, slot: str) -> Order:
        """A child that makes the market of the run's seed."""
        kind = claimed.campaign.data.source.removeprefix(SYNTHETIC)
        command = ("data", "synthetic", "--kind", kind, "--seed", str(claimed.run.seed))
        return self._order(claimed.run, "prepare", (*self.combiner, *command), slot)

    def mine(self, claimed: Claimed, digest: str, slot: str) -> Order:
        """The run itself, with the configuration it was queued with."""
        run = claimed.run
        folder = RunDirectory(self.workspace.run(run.id))
        folder.root.mkdir(parents=True, exist_ok=True)
        write_durable(folder.campaign, claimed.text.encode())
        engine = self._strange(claimed.campaign.engine.command) or self.combiner
        command = (
            *engine,
            "factory",
            "run",
            "--campaign",
            str(folder.campaign),
            "--run-id",
            run.id,
            "--out",
            str(folder.root),
            "--seed",
            str(run.seed),
            "--workers",
            str(claimed.campaign.search.workers),
            "--data-digest",
            digest,
            *(("--resume",) if claimed.resume else ()),
        )
        return self._order(run, "mine", command, slot)

    def _strange(self, engine: tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
        """Somebody else's engine behind the wall that the built-in one builds for itself."""
        if not engine:
            return ()
        program = str(self.workspace.root / engine[0]) if "/" in engine[0] else engine[0]
        if shutil.which(program) is None:
            raise NotFound(
                f"the program {engine[0]!r} cannot be started",
                allowed="an executable file, or a program on PATH",
                remedy="correct [engine] command of the campaign",
            )
        withheld = map(str, self.workspace.withheld)
        return (sys.executable, "-I", "-S", str(WALL), *withheld, "--", *engine)

    def evidence(self, claimed: Claimed, slot: str) -> Order:
        """A child that measures what a strange engine claims."""
        command = (*self.combiner, "factory", "evidence", "--run", claimed.run.id)
        return self._order(claimed.run, "evidence", command, slot)

    def finished(self, run_id: str, arguments: list[str], path: Path, slot: str) -> Order:
        """A child of a finished run: an ensemble's evidence, a look, a replay."""
        return Order(
            run_id=run_id,
            stage="child",
            command=(*self.combiner, *arguments),
            slot=slot,
            output=path,
            errors=path,
            environment=self.environment,
        )

    def output(self, run: Run, stage: str) -> Path:
        """Where the lines of a stage are kept; only the miner's belong to the run directory."""
        if stage == "mine":
            return RunDirectory(self.workspace.run(run.id)).events
        return self.workspace.logs / f"{run.id}.{stage}.ndjson"

    def _order(self, run: Run, stage: str, command: tuple[str, ...], slot: str) -> Order:
        folder = RunDirectory(self.workspace.run(run.id))
        folder.root.mkdir(parents=True, exist_ok=True)
        return Order(
            run_id=run.id,
            stage=stage,
            command=command,
            slot=slot,
            output=self.output(run, stage),
            errors=folder.stderr,
            environment={**self.environment, "OMP_ATTEMPT": str(run.attempt)},
        )
