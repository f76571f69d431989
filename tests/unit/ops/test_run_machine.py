"""The life of a run under any sequence of verbs, deaths and stale hands: one attempt counts."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.desks import HandClock, write_campaign
from tests.finished import fill_directory, make_candidates, publish
from tests.machines import Died, dying_at, play

from omp.app import open_desk
from omp.domain.errors import Conflict, IllegalMove
from omp.domain.run import MAX_ATTEMPTS_WITHOUT_PROGRESS, RUN
from omp.ops import queue, runs, workspace
from omp.ops.runs import Progress
from omp.store import journal, ledger
from omp.store import runs as rows
from omp.store.runs import Run
from omp.wire import charges
from omp.wire.rundir import RunDirectory

N_CAMPAIGNS = 3
NUMBERS = Progress(0, 9, 0.1, 1, 10, 1.0, 0.0)


@dataclass(frozen=True)
class Token:
    """What a daemon holds in its hands of a run that it claimed or adopted."""

    run_id: str
    attempt: int


class Runs(RuleBasedStateMachine):
    """Daemons claim, follow, end and die; their tokens go on being used after they are spent."""

    template: Path | None = None
    folder: "tempfile.TemporaryDirectory[str] | None" = None  # goes with the class

    @initialize()
    def begin(self) -> None:
        if Runs.template is None:
            Runs.folder = tempfile.TemporaryDirectory(prefix="omp-runs-template-")
            Runs.template = Path(Runs.folder.name) / "w"
            workspace.create(Runs.template, demo=False, idle=True)
            desk = open_desk(Runs.template, operator="tester", clock=HandClock())
            publish(desk)
            for number in range(N_CAMPAIGNS):
                path = write_campaign(Runs.template, f"c{number}", population=100 + number)
                queue.add(desk, name=f"c{number}", config_path=path, repeat=number > 0)
            desk.db.close()
        self.root = Path(tempfile.mkdtemp(prefix="omp-runs-")) / "w"
        shutil.copytree(Runs.template, self.root, ignore=shutil.ignore_patterns("reserve"))
        self.clock = HandClock()
        self.desk = open_desk(self.root, operator="tester", clock=self.clock)
        self.tokens: list[Token] = []
        self.seen: dict[str, Run] = {}
        self.paid: dict[str, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            with self.desk.read() as tx:
                assert journal.verify(tx) is None
                assert journal.behind(tx, self.desk.workspace) is None
            self.desk.db.close()
            shutil.rmtree(self.root.parent)

    def run(self, run_id: str) -> Run:
        with self.desk.read() as tx:
            return rows.get(tx, run_id)

    def is_current(self, token: Token) -> bool:
        now = self.run(token.run_id)
        return (now.state, now.attempt) == ("running", token.attempt)

    def held(self) -> bool:
        return bool(self.tokens)

    def with_token(self, number: int, verb: Callable[[Token], object]) -> bool:
        """Use a token as whoever holds it would; a spent one must change nothing at all."""
        token = self.tokens[number % len(self.tokens)]
        counts, before = self.is_current(token), self.run(token.run_id)
        with self.desk.read() as tx:
            head = journal.head(tx)
        try:
            kept = verb(token) is not False
        except (Conflict, IllegalMove):
            kept = False
        except Died:
            self.reopen()
            return counts
        assert kept is counts, f"{token} of {before.state} {before.attempt}: {kept}"
        if not counts:
            assert self.run(token.run_id) == before, "a spent token changed the row"
            with self.desk.read() as tx:
                assert journal.head(tx) == head, "a spent token wrote into the journal"
        return counts

    def reopen(self) -> None:
        self.desk.db.close()
        self.desk = open_desk(self.root, operator="tester", clock=self.clock)

    @rule()
    def claim(self) -> None:
        queue.ensure_runs(self.desk)
        following = queue.next_run(self.desk)
        if following is None:
            return
        claimed = runs.claim(self.desk, following.run.id)
        assert claimed.attempt == following.run.attempt + 1
        self.tokens.append(Token(claimed.run.id, claimed.attempt))

    @precondition(held)
    @rule(number=st.integers(0, 20))
    def claim_twice(self, number: int) -> None:
        token = self.tokens[number % len(self.tokens)]
        before = self.run(token.run_id)
        if before.state == "queued":
            return
        try:
            runs.claim(self.desk, token.run_id)
        except IllegalMove:
            assert self.run(token.run_id) == before
        else:
            raise AssertionError(f"{token.run_id} was claimed while it was {before.state}")

    @precondition(held)
    @rule(number=st.integers(0, 20), pid=st.integers(1, 9))
    def start(self, number: int, pid: int) -> None:
        self.with_token(
            number,
            lambda one: runs.record_process(
                self.desk, one.run_id, one.attempt, stage="mine", pid=pid, boot="b", start_ticks=1
            ),
        )

    @precondition(held)
    @rule(number=st.integers(0, 20), is_new=st.booleans())
    def heartbeat(self, number: int, is_new: bool) -> None:
        token = self.tokens[number % len(self.tokens)]
        vain = self.run(token.run_id).attempts_without_progress
        counts = self.with_token(
            number,
            lambda one: runs.progress(
                self.desk, one.run_id, one.attempt, NUMBERS, advanced=is_new, new_generation=is_new
            ),
        )
        if counts:
            after = self.run(token.run_id).attempts_without_progress
            assert after == (0 if is_new else vain)

    @precondition(held)
    @rule(number=st.integers(0, 20))
    def adopt(self, number: int) -> None:
        """Another daemon comes up and takes over whatever runs, under the same attempt."""
        self.reopen()
        token = self.tokens[number % len(self.tokens)]
        if self.is_current(token):
            claimed = runs.reread(self.desk, token.run_id)
            assert Token(claimed.run.id, claimed.attempt) == token
            runs.note_adopted(self.desk, token.run_id, token.attempt, 7)

    @precondition(held)
    @rule(number=st.integers(0, 20), blameless=st.booleans())
    def interrupt(self, number: int, blameless: bool) -> None:
        token = self.tokens[number % len(self.tokens)]
        vain = self.run(token.run_id).attempts_without_progress
        if not self.with_token(
            number,
            lambda one: runs.interrupt(
                self.desk, one.run_id, one.attempt, cause="it ended", blameless=blameless
            ),
        ):
            return
        after = self.run(token.run_id)
        too_often = not blameless and vain >= MAX_ATTEMPTS_WITHOUT_PROGRESS
        assert after.state == ("failed" if too_often else "queued")

    @precondition(held)
    @rule(number=st.integers(0, 20))
    def fail(self, number: int) -> None:
        self.with_token(
            number, lambda one: runs.fail(self.desk, one.run_id, one.attempt, cause="it broke")
        )

    @precondition(held)
    @rule(number=st.integers(0, 20), point=st.sampled_from([None, "run.proven", "run.closed"]))
    def finish(self, number: int, point: str | None) -> None:
        """The directory is whole; a death before or after the commit is made good by the next."""
        token = self.tokens[number % len(self.tokens)]
        if not RunDirectory(self.desk.workspace.run(token.run_id)).finished:
            if not self.is_current(token):
                return
            fill_directory(self.desk, token.run_id, make_candidates(1, tag=token.run_id))
        with dying_at(point):
            self.with_token(number, lambda one: runs.complete(self.desk, one.run_id, one.attempt))

    @precondition(held)
    @rule(number=st.integers(0, 20))
    def charge(self, number: int) -> None:
        """A generation is charged and settled by the engine, whoever follows it."""
        token = self.tokens[number % len(self.tokens)]
        directory = RunDirectory(self.desk.workspace.run(token.run_id))
        if not self.is_current(token) or directory.finished:
            return
        directory.root.mkdir(parents=True, exist_ok=True)
        given = {"attempt": token.attempt, "generation": 1 + self.paid.get(token.run_id, 0)}
        charges.charge(directory.charges, genomes=100, **given)
        charges.settle(directory.charges, behaviours=50, distinct=50, **given)
        self.paid[token.run_id] = given["generation"]

    @precondition(held)
    @rule(number=st.integers(0, 20))
    def cancel(self, number: int) -> None:
        run_id = self.tokens[number % len(self.tokens)].run_id
        before = self.run(run_id)
        try:
            after = runs.cancel(self.desk, run_id, reason="because")
        except IllegalMove:
            assert before.state in RUN.terminal
            return
        assert after.state == ("cancelled" if before.state == "queued" else "running")

    @precondition(held)
    @rule(number=st.integers(0, 20))
    def gone(self, number: int) -> None:
        """The processes of a run that was told to end have gone."""
        token = self.tokens[number % len(self.tokens)]
        if self.is_current(token) and self.run(token.run_id).stage != runs.CANCELLING:
            return
        self.with_token(number, lambda one: runs.cancelled(self.desk, one.run_id, one.attempt))

    @rule(seconds=st.sampled_from([1.0, 4000.0]))
    def wait(self, seconds: float) -> None:
        self.clock.wait(seconds)

    @invariant()
    def each_attempt_was_claimed_once_and_ended_once(self) -> None:
        if not hasattr(self, "desk"):
            return
        with self.desk.read() as tx:
            now = {one.id: one for one in rows.find(tx, limit=1000)}
            told = journal.records(tx, limit=10_000)
            paid = {one: ledger.of_run(tx, one).trials for one in now}
        live = [one.campaign_id for one in now.values() if one.state in ("queued", "running")]
        assert len(set(live)) == len(live), "a campaign has two live runs"
        for run_id, before in self.seen.items():
            after = now[run_id]
            assert after.attempt >= before.attempt
            if before.state in RUN.terminal:
                assert (after.state, after.attempt) == (before.state, before.attempt)
        self.seen = now
        for run_id, run in now.items():
            kinds = [one.kind for one in told if one.subject == run_id]
            claimed, back = kinds.count("run.claimed"), kinds.count("run.interrupted")
            ended = sum(kinds.count(f"run.{one}") for one in RUN.terminal)
            assert claimed == run.attempt
            assert ended == (run.state in RUN.terminal)
            never = run.state == "cancelled" and claimed == back
            assert claimed - back == (run.state != "queued" and not never)
            if run.state in RUN.terminal:
                assert paid[run_id] >= 50 * self.paid.get(run_id, 0), "a generation was not paid"
            if run.state in ("failed", "cancelled"):
                assert run.cause


TestRuns = Runs.TestCase
TestRuns.settings = play(max_examples=12, steps=25)
