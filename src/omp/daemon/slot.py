"""A slot: one run with its child, and what is known of both."""

from dataclasses import dataclass, field

from omp.daemon.executors.base import Child
from omp.daemon.follow import Follower, News
from omp.daemon.process import Identity
from omp.domain.errors import Diverged
from omp.ops.runs import Claimed, Progress
from omp.wire.lines import Event, last_event

WRITE_EVERY_S = 1.0
"""A child may report a hundred times a second; its row is written once a second."""


@dataclass(frozen=True)
class Ending:
    """Why a run was told to leave, and what it shall become.

    Args:
        cause: For the record.
        blameless: An operator or the daemon wants it, so the attempt does not count.
        cancel: It is to be cancelled, not put back in the queue.
        deadline_s: Monotonic instant after which its tree is killed, seconds.
    """

    cause: str
    blameless: bool
    cancel: bool
    deadline_s: float


class GoneChild:
    """A child that was gone when the daemon came back."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    @property
    def identity(self) -> Identity:
        return self._identity

    def exit_code(self) -> int | None:
        return None

    def alive(self) -> bool:
        return False


@dataclass
class Slot:
    """One run under way.

    Args:
        name: Name of the slot, by which its lock is called.
        stage: Stage whose child is running: prepare, mine, evidence.
        progress_s: Monotonic instant of the last progress, seconds.
        pending: News not yet written to the row.
    """

    name: str
    claimed: Claimed
    stage: str
    child: Child
    follower: Follower
    progress_s: float
    written_s: float = 0.0
    pending: News = field(default_factory=News)
    ending: Ending | None = None

    @property
    def run_id(self) -> str:
        return self.claimed.run.id

    @property
    def attempt(self) -> int:
        return self.claimed.attempt

    def exit_code(self) -> int | None:
        """How the child ended; of a child of an earlier daemon its own last word counts."""
        code = self.child.exit_code()
        if code is not None:
            return code
        last = last_event(self.follower.path)
        if last is None or last.event not in ("result", "error"):
            return None
        if last.event == "result":
            return 0
        said = last.number("exit_code")
        return None if said is None else int(said)

    def divergence(self) -> Event | None:
        """What it said of a computation that gave two results, None where it said nothing."""
        told = self.pending
        if told.divergence is None and self.exit_code() == Diverged.exit_code:
            return told.error or Event("divergence", "", {})
        return told.divergence

    def take(self, news: News, now_s: float) -> None:
        """Remember news until the row is written."""
        if news.advanced:
            self.progress_s = now_s
        before = self.pending
        self.pending = News(
            progress=news.progress or before.progress,
            advanced=news.advanced or before.advanced,
            new_generation=news.new_generation or before.new_generation,
            stage=news.stage or before.stage,
            result=news.result or before.result,
            error=news.error or before.error,
            divergence=before.divergence or news.divergence,
        )

    def due(self, now_s: float, *, at_once: bool) -> bool:
        """Whether the row should be written now."""
        worth = self.pending.progress is not None or self.pending.advanced
        return worth and (at_once or now_s - self.written_s >= WRITE_EVERY_S)

    def settled(self, now_s: float) -> tuple[Progress | None, bool, bool]:
        """Hand over what is to be written: numbers, progress made, a new generation made."""
        news = self.pending
        self.pending = News(error=news.error, divergence=news.divergence)
        self.written_s = now_s
        return news.progress, news.advanced, news.new_generation
