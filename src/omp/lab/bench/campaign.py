"""A whole campaign as `combiner factory run` mines it, and how long a run takes to begin.

In a workspace of its own: data set, campaign file, charges, checkpoints, trial and candidate
files, evidence. The market is noise, so that nothing depends on luck.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omp.domain.errors import ResourceShort
from omp.lab.bench.table import Row, Table
from omp.market.acquire import publish_synthetic
from omp.market.catalog import Catalog
from omp.market.recipe import Recipe
from omp.mining.mine import Job, mine
from omp.wire.lines import EventName, Lines
from omp.wire.workspace import Workspace

GENERATIONS, POPULATION = 200, 1_000
BAR_PER_S = 50_000.0
BAR_TWO_CORES = 1.8
BAR_START_S = 2.5
_MARKET_BARS = 7_600  # 5,000 in-sample bars and more remain after sealing and embargo

_TEXT = """\
[campaign]
name = "Bench"
market = "synthetic"
[data]
source = "bench"
[search]
population = {population}
generations = {generations}
max_runtime_s = 3600
indicators = "all"
[strategy]
direction = "long"
max_conditions = 3
"""


@dataclass(frozen=True)
class Run:
    """One campaign, phase by phase.

    Args:
        genomes: Rules evaluated. trials: Distinct behaviours. bars: Of the in-sample window.
        search_s: CPU seconds from the first charge to the last generation's settlement.
        files_s: CPU seconds of writing. evidence_s: Of stage B. wall_s: Of the search, by the wall.
    """

    genomes: int
    trials: int
    bars: int
    search_s: float
    files_s: float
    evidence_s: float
    wall_s: float

    @property
    def per_s(self) -> float:
        """Evaluated strategies per second of CPU, search and files."""
        return self.genomes / (self.search_s + self.files_s)


class _Stopwatch(Lines):
    """Notes CPU and wall clock at every event."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())
        self.marks: list[tuple[str, float, float, dict[str, Any]]] = []

    def emit(self, event: EventName, **fields: Any) -> None:
        """Note the instant of an event."""
        name = str(fields.get("name", event)) if event == "stage" else event
        self.marks.append((name, time.process_time(), time.perf_counter(), fields))
        super().emit(event, **fields)

    def at(self, name: str) -> tuple[float, float, dict[str, Any]]:
        """The first mark of a name."""
        return next(one[1:] for one in self.marks if one[0] == name)


@contextmanager
def workspace() -> Iterator[Workspace]:
    """A workspace with a noise market, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="omp-bench-") as folder:
        root = Path(folder) / "workspace"
        recipe = Recipe("null", 1, n_bars=_MARKET_BARS)
        publish_synthetic(Catalog(root), recipe, name="bench", min_bars=250, engine_version="bench")
        yield Workspace(root)


def campaign_file(place: Workspace, generations: int, population: int) -> Path:
    """A campaign of so many generations."""
    path = place.root / f"bench_{generations}_{population}.toml"
    text = _TEXT.format(generations=generations, population=population)
    fresh = path.with_suffix(f".{os.getpid()}")  # another process may read it just now
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return path


def run_once(place: Workspace, name: str, workers: int, generations: int, population: int) -> Run:
    """Mine one campaign in this process."""
    watch = _Stopwatch()
    job = Job(
        workspace=place.root,
        campaign=campaign_file(place, generations, population),
        run_id=name,
        out=place.run(name),
        seed=1,
        workers=workers,
    )
    mine(job, watch, is_stopped=lambda: False)
    search, evidence, writing, done = (
        watch.at(one) for one in ("search", "evidence", "writing", "result")
    )
    manifest = json.loads((place.run(name) / "manifest.json").read_bytes())
    return Run(
        genomes=int(manifest["counts"]["genomes"]),
        trials=int(manifest["counts"]["distinct"]),
        bars=int(watch.at("start")[2]["window"]["n_bars"]),
        search_s=evidence[0] - search[0],
        files_s=done[0] - writing[0],
        evidence_s=writing[0] - evidence[0],
        wall_s=evidence[1] - search[1],
    )


def search_tables(
    *, quick: bool, generations: int = GENERATIONS, population: int = POPULATION
) -> list[Table]:
    """The whole campaign on one core, and the speed-up of a second one."""
    several = 20 if quick else generations
    from omp.lab.bench.ceiling import ceiling, middle_of

    with workspace() as place:
        run_once(place, "warm", 1, 2, population)
        one = run_once(place, "one", 1, several, population)
        pairs = [
            (
                run_once(place, f"lone_{k}", 1, max(2, several // 4), population).wall_s,
                run_once(place, f"pair_{k}", 2, max(2, several // 4), population).wall_s,
            )
            for k in range(1 if quick else 3)
        ]
        most, note = middle_of(ceiling("campaign", 1 if quick else 3, place.root))
    gain = max(min(a for a, _ in pairs), 1e-9) / max(min(b for _, b in pairs), 1e-9)
    rows = (
        Row(
            "search and trial files, one core",
            one.per_s,
            bar=f"≥ {BAR_PER_S:,.0f}",
            met=one.per_s >= BAR_PER_S,
            note=f"{one.search_s:.2f} s search, {one.files_s:.2f} s files, CPU",
        ),
        Row("search alone, one core", one.genomes / one.search_s),
        Row(
            "search, stage B and files, one core",
            one.genomes / (one.search_s + one.evidence_s + one.files_s),
            note=f"{one.evidence_s:.2f} s for the evidence of the best 100",
        ),
    )
    facts = (
        (
            f"`combiner factory run`: generation 0 of 2,000 random rules, {several} generations of "
            f"{population:,}, {one.bars:,} in-sample bars of one symbol, all indicators and stops, "
            f"up to 3 conditions; {one.genomes:,} rules, {one.trials:,} distinct behaviours."
        ),
    )
    cores = Table(
        "search",
        "Two cores",
        "times one core",
        (
            Row(
                "search of a campaign, two workers, by the wall clock",
                gain,
                bar=f"≥ {BAR_TWO_CORES}",
                met=gain >= BAR_TWO_CORES,
                note="the fastest of each",
            ),
            Row(
                "two campaigns at once, one worker each, in processes of their own", most, note=note
            ),
        ),
        (
            (
                f"{os.cpu_count()} cores; load average {os.getloadavg()[0]:.1f} at the end: beyond "
                "2, other work had the cores too, and this is a lower bound."
            ),
        ),
    )
    return [Table("search", "Whole campaign", "rules a second", rows, facts), cores]


def start_table(rounds: int) -> Table:
    """From the start of the process to its first generation: to its charge, and to its result."""
    first, done = [], []
    with workspace() as place:
        campaign = campaign_file(place, 1, POPULATION)
        for number in range(1 + rounds):  # the first fills the caches and does not count
            begun = time.perf_counter()
            marks = _child(place, campaign, f"start_{number}", begun)
            if number:
                first.append(marks["stage"])
                done.append(marks["progress"])
    rows = (
        Row(
            "the search begins",
            sorted(first)[len(first) // 2],
            min(first),
            bar=f"≤ {BAR_START_S} s",
            met=sorted(first)[len(first) // 2] <= BAR_START_S,
        ),
        Row("generation 0 is done", sorted(done)[len(done) // 2], min(done)),
    )
    return Table(
        "startup",
        "Start of a run",
        "s",
        rows,
        (
            (
                f"By the wall clock, {rounds} starts of `combiner factory run`, caches warm: those "
                "of compiled kernels and Python's own. Without the latter (where "
                "PYTHONDONTWRITEBYTECODE is set and they were never made) a start takes 1.1 s more."
            ),
        ),
    )


def _child(place: Workspace, campaign: Path, name: str, begun: float) -> dict[str, float]:
    """Seconds from the start to the first event of each kind."""
    words = ["factory", "run", "--campaign", str(campaign), "--run-id", name, "--seed", "1"]
    command = [sys.executable, "-m", "omp.cli.combiner", *words, "--workspace", str(place.root)]
    marks: dict[str, float] = {}
    keeping = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=keeping) as child:
        for line in child.stdout or ():
            marks.setdefault(json.loads(line)["event"], time.perf_counter() - begun)
    if child.returncode or "progress" not in marks:
        raise ResourceShort(
            f"the campaign of the bench ended with code {child.returncode}",
            remedy="see its message above",
        )
    return marks
