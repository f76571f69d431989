"""What two cores can give at most here: two processes that share nothing, against one alone.

They may share a core's caches, its clock or the memory's bandwidth all the same, so that even they
do not reach two; a program's own two workers are measured against this.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from omp.domain.errors import ResourceShort
from omp.engine.evaluator import Evaluator
from omp.lab.bench import mix
from omp.lab.bench.campaign import run_once
from omp.wire.workspace import Workspace

_RULES, _BARS = 20_000, 5_000
_GENERATIONS, _POPULATION = 50, 1_000


def ceiling(kind: str, rounds: int, folder: Path | None = None) -> list[float]:
    """Work done a second by two processes over that by one, each round.

    Args:
        kind: `rules` (an evaluator's populations) or `campaign` (whole searches, one worker each).
        rounds: how often.
        folder: workspace of the campaigns.
    """
    command = [sys.executable, "-m", "omp.lab.bench.ceiling", kind, str(folder or "")]
    two = [
        subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        for one in two:
            _answer(one)
        found = []
        for _ in range(rounds):
            alone = _walls(two[:1])[0]
            found.append(2.0 * alone / max(_walls(two)))
        return found
    finally:
        for one in two:
            if one.stdin is not None:
                one.stdin.close()
            one.wait()


def _walls(some: list["subprocess.Popen[str]"]) -> list[float]:
    """Seconds by the wall of each of some children that work at the same time."""
    for one in some:
        if one.stdin is not None:
            one.stdin.write("go\n")
            one.stdin.flush()
    return [float(_answer(one)) for one in some]


def _answer(child: "subprocess.Popen[str]") -> str:
    line = child.stdout.readline() if child.stdout is not None else ""
    if not line:
        raise ResourceShort("a process of the bench ended early", remedy="see its message above")
    return line


def _rules() -> Callable[[], float]:
    question = mix.make_question(_BARS)
    evaluator = Evaluator(question.panel, mix.GRAMMAR, mix.COSTS)
    asked = [question.population(mix.draw_rules(_RULES, k, stops=False)) for k in range(2)]

    def work() -> float:
        begun = time.perf_counter()
        for _ in range(3):
            for one in asked:
                evaluator.evaluate(one)
        return time.perf_counter() - begun

    return work


def _campaigns(folder: Path) -> Callable[[], float]:
    place, numbers = Workspace(folder), iter(range(10**6))

    def work() -> float:
        name = f"process_{os.getpid()}_{next(numbers)}"
        return run_once(place, name, 1, _GENERATIONS, _POPULATION).wall_s

    return work


def middle_of(found: list[float]) -> tuple[float, str]:
    """The median and a note of the best."""
    return statistics.median(found), f"at best {max(found):.2f}"


def main(kind: str, folder: str) -> None:
    """Do the work once to be warm, then once for each line that is read; print the seconds."""
    work = _rules() if kind == "rules" else _campaigns(Path(folder))
    print(work(), flush=True)
    for _ in sys.stdin:
        print(work(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
