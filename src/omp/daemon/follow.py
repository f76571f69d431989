"""Follow a child by the lines it wrote, from where the last reading stopped.

What counts is progress, not output: a new generation, or a stage that was not named before. A
child that prints without end and finds nothing stands still.
"""

from dataclasses import dataclass, field
from pathlib import Path

from omp.ops.runs import Progress
from omp.wire.lines import Event, read_lines

READ_BYTES = 1 << 20
READS_A_TURN = 16
"""A child that prints faster than this is caught up with in later turns; the loop goes on."""

MAX_STAGES = 64
"""So many stages may count as progress; a child that invents names without end stands still."""


@dataclass(frozen=True)
class News:
    """What a reading brought.

    Args:
        progress: The latest numbers, None where none came.
        advanced: Whether there was progress.
        new_generation: Whether a generation was finished that no attempt had finished before.
        stage: The stage named last, None where none was.
        result: Whether the child said that it has finished.
        error: What it complained about last, None where it did not.
        divergence: The first computation that gave two results, None where none did.
    """

    progress: Progress | None = None
    advanced: bool = False
    new_generation: bool = False
    stage: str | None = None
    result: bool = False
    error: Event | None = None
    divergence: Event | None = None


@dataclass
class Follower:
    """Reads one child's lines.

    Args:
        path: The file its standard output is kept in.
        offset: Bytes already read.
        generation: Highest generation any attempt has finished, None before the first.
    """

    path: Path
    offset: int = 0
    generation: int | None = None
    _stages: dict[str, float] = field(default_factory=dict)

    def read(self) -> News:
        """What came since the last reading."""
        events: list[Event] = []
        for _ in range(READS_A_TURN):
            found, offset = read_lines(self.path, self.offset, max_bytes=READ_BYTES)
            events += found
            if offset == self.offset:
                break
            self.offset = offset
        return self._news(events)

    def read_all(self) -> News:
        """Everything up to the end, once the child has ended."""
        news, before = News(), -1
        while self.offset != before:
            before = self.offset
            news = _joined(news, self.read())
        return news

    def _news(self, events: list[Event]) -> News:
        news = News()
        for event in events:
            news = _joined(news, self._one(event))
        return news

    def _one(self, event: Event) -> News:
        if event.event == "progress":
            return self._progress(event)
        if event.event == "stage":
            return self._stage(event)
        if event.event == "error":
            return News(error=event)
        if event.event == "divergence":
            return News(divergence=event)
        return News(result=event.event == "result")

    def _stage(self, event: Event) -> News:
        """A stage counts when it is named first, and whenever more of it is `done`."""
        name = str(event.fields.get("name") or event.fields.get("stage") or "")[:60]
        done = event.number("done") or 0.0
        before = self._stages.get(name)
        if before is None and len(self._stages) >= MAX_STAGES:
            return News(stage=name)
        self._stages[name] = done if before is None else max(before, done)
        return News(stage=name, advanced=before is None or done > before)

    def _progress(self, event: Event) -> News:
        number = event.number("generation")
        generation = None if number is None else int(number)
        new = generation is not None and (self.generation is None or generation > self.generation)
        if new:
            self.generation = generation
        progress = Progress(
            generation=self.generation,
            generations=_whole(event, "generations"),
            best_sharpe=event.number("best_sharpe"),
            candidates=_whole(event, "candidates"),
            trials=_whole(event, "trials"),
            evals_per_s=event.number("evals_per_s"),
            eta_s=event.number("eta_s"),
        )
        return News(progress=progress, advanced=new, new_generation=new)


def _whole(event: Event, name: str) -> int | None:
    number = event.number(name)
    return None if number is None or abs(number) >= 2**31 else int(number)


def _joined(first: News, later: News) -> News:
    return News(
        progress=later.progress or first.progress,
        advanced=first.advanced or later.advanced,
        new_generation=first.new_generation or later.new_generation,
        stage=later.stage or first.stage,
        result=first.result or later.result,
        error=later.error or first.error,
        divergence=first.divergence or later.divergence,
    )
