"""Promotion under any sequence of verbs and deaths: one look each, no gate passed by, no twin."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.desks import HandClock, write_data
from tests.finished import FakeChildren, finish_run, make_candidates
from tests.machines import Died, dying_at, play

from omp.app import open_desk
from omp.domain.errors import IllegalMove, OmpError
from omp.domain.failpoints import FAILPOINTS
from omp.ops import hall, hall_check, incidents, promotion, reviews, workspace
from omp.ops.desk import Desk
from omp.store import hall as rows
from omp.store import journal, outbox_rows, vault
from omp.store import looks as look_rows
from omp.store import runs as run_rows

POINTS = [None, None, *(one for one in FAILPOINTS if one.startswith("promotion."))]
KINDS: dict[str, dict[str, object]] = {
    "good": {},
    "twin": {},  # the same genome as the good one before it
    "weak": {"dsr": 0.01, "psr": 0.01},
}
MOVES = ("flag", "clear", "demote", "quarantine", "release", "remove")
LAST_WORDS = {"promoted", "refused"}


class Promotion(RuleBasedStateMachine):
    """Runs that end, daemons that die between two steps, people who sign, move and freeze."""

    template: Path | None = None
    folder: "tempfile.TemporaryDirectory[str] | None" = None  # goes with the class

    @initialize(manual=st.sampled_from([False, False, True]))
    def begin(self, manual: bool) -> None:
        if Promotion.template is None:
            Promotion.folder = tempfile.TemporaryDirectory(prefix="omp-promotion-template-")
            Promotion.template = Path(Promotion.folder.name) / "w"
            workspace.create(Promotion.template, demo=False, idle=True)
            write_data(Promotion.template, "prices")
        self.root = Path(tempfile.mkdtemp(prefix="omp-promotion-")) / "w"
        shutil.copytree(Promotion.template, self.root, ignore=shutil.ignore_patterns("reserve"))
        self.clock, self.manual = HandClock(), manual
        self.desk = self.opened()
        self.kinds: dict[str, str] = {}
        self.ended: dict[str, str] = {}
        self.looked: dict[str, str] = {}
        self.signed: set[str] = set()
        self.frozen: str | None = None
        self.finish("good")
        self.finish("good")

    def opened(self) -> Desk:
        desk = open_desk(self.root, operator="tester", clock=self.clock)
        policy = "manual" if self.manual else "auto"
        review = replace(desk.settings.review, policy=policy)
        return replace(desk, settings=replace(desk.settings, review=review))

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.everything_ends()
            self.no_gate_is_passed_by_and_nothing_is_twice()
            with self.desk.read() as tx:
                assert journal.verify(tx) is None
                assert journal.behind(tx, self.desk.workspace) is None
            self.desk.db.close()
            shutil.rmtree(self.root.parent)

    def runs(self) -> list[str]:
        return list(self.kinds)

    @precondition(lambda self: len(self.kinds) < 4)
    @rule(kind=st.sampled_from(sorted(KINDS)))
    def finish(self, kind: str) -> None:
        number = len(self.kinds)
        tag = "same" if kind in ("good", "twin") and number % 2 else str(number)
        found = make_candidates(1, tag=tag, **KINDS[kind])
        run_id = finish_run(self.desk, f"c{number}", population=100 + number, found=found)
        self.kinds[run_id] = kind

    @precondition(runs)
    @rule(
        number=st.integers(0, 9), point=st.sampled_from(POINTS), steps=st.sampled_from([1, 2, 6, 6])
    )
    def go_on(self, number: int, point: str | None, steps: int) -> None:
        run_id = self.runs()[number % len(self.kinds)]
        children = FakeChildren(
            self.desk.workspace, look_changes={"p_value": 1e-12, "circular_shift_p": 1e-12}
        )
        before = self.promoted()
        try:
            with dying_at(point):
                for _ in range(steps):
                    if not promotion.advance(self.desk, run_id, children).more:
                        break
        except Died:
            self.desk.db.close()
            self.desk = self.opened()
            hall_check.reconcile(self.desk)
        if self.frozen:
            assert self.promoted() == before, "something was promoted while promotions are frozen"

    @precondition(runs)
    @rule(number=st.integers(0, 9), decision=st.sampled_from(["signed", "declined"]))
    def sign(self, number: int, decision: str) -> None:
        run_id = self.runs()[number % len(self.kinds)]
        with self.desk.read() as tx:
            subject = run_rows.get(tx, run_id).subject_id
        if subject is None:
            return
        reviews.sign(
            self.desk, run_id, subject, role="risk-analyst", decision=decision, reason="I read it"
        )
        if decision == "signed":
            self.signed.add(run_id)

    @rule(action=st.sampled_from(MOVES))
    def move(self, action: str) -> None:
        with self.desk.read() as tx:
            entries = rows.listed(tx)
        if not entries:
            return
        before = entries[0]
        try:
            after = hall.act(self.desk, before.candidate_id, action, reason="because")
        except IllegalMove:
            with self.desk.read() as tx:
                assert rows.get(tx, before.candidate_id) == before
            return
        with self.desk.read() as tx:
            posted = [one for one in outbox_rows.pending(tx) if one.key == before.candidate_id]
        assert after.row_hash in str(posted[-1].payload), "the mirror is not told"

    @rule(again=st.sampled_from([False, False, True]))
    def freeze_or_thaw(self, again: bool) -> None:
        if self.frozen is None and again:
            self.frozen = incidents.open_incident(self.desk, "x", "SEV-0", "it is wrong").id
        elif self.frozen is not None:
            incidents.resolve(self.desk, self.frozen, cause="a", prevention="b", resolution="c")
            self.frozen = None

    def promoted(self) -> int:
        with self.desk.read() as tx:
            return len(journal.records(tx, kinds=("hall.promoted",), limit=1000))

    @invariant()
    def no_gate_is_passed_by_and_nothing_is_twice(self) -> None:
        if not hasattr(self, "desk"):
            return
        with self.desk.read() as tx:
            runs = {one: run_rows.get(tx, one) for one in self.kinds}
            entries = rows.listed(tx)
            lineages = {str(one.lineage) for one in runs.values()}
            looks = look_rows.of_lineages(tx, sorted(lineages)) if lineages else ()
            told = journal.records(tx, kinds=("hall.promoted",), limit=1000)
            posted = {one.key for one in outbox_rows.pending(tx, 1000)}
        for run_id, run in runs.items():
            outcome = self.ended.get(run_id)
            assert outcome is None or run.outcome == outcome, "a last word was taken back"
            if run.outcome in LAST_WORDS:
                self.ended[run_id] = str(run.outcome)
            if run.outcome == "promoted":
                assert self.kinds[run_id] != "weak"
                assert not self.manual or run_id in self.signed, "nobody signed it"
        assert [one.ordinal for one in looks] == list(range(1, len(looks) + 1))
        assert len({one.run_id for one in looks}) == len(looks), "a run was looked at twice"
        assert len({one.candidate_id for one in looks}) == len(looks), "a subject was, too"
        assert not any(self.kinds[one.run_id] == "weak" for one in looks)
        for one in looks:
            assert self.looked.get(one.look_id) != "taken" or one.state == "taken"
            self.looked[one.look_id] = one.state
        assert self.looked.keys() == {one.look_id for one in looks}, "a look is forgotten"
        genomes = [(one.environment, one.genome_hash) for one in entries]
        assert len(set(genomes)) == len(genomes)
        promoted = {one.run_id for one in looks if one.promoted}
        assert promoted == {one.payload["run"] for one in told}
        assert len(told) == len({one.payload["run"] for one in told}), "promoted twice"
        assert {one.run_id for one in entries} <= promoted
        assert {one.candidate_id for one in entries} <= posted
        for one in entries:
            assert one.intact
            assert vault.faults(self.desk.workspace.entry(one.candidate_id), one.artifacts) == ()
        names = {one.candidate_id for one in entries}
        adopted = {one.subject_id for one in runs.values() if one.stage == "promote"}
        assert set(vault.folders(self.desk.workspace.hall)) - names <= adopted

    def everything_ends(self) -> None:
        """Left in peace, every run comes to its last word, or waits for a person."""
        if self.frozen:
            self.freeze_or_thaw(again=False)
        children = FakeChildren(
            self.desk.workspace, look_changes={"p_value": 1e-12, "circular_shift_p": 1e-12}
        )
        for run_id in self.kinds:
            try:
                while promotion.advance(self.desk, run_id, children).more:
                    pass
            except OmpError as error:
                raise AssertionError(
                    f"{run_id} cannot come to its end: {error.sentence}"
                ) from error
            with self.desk.read() as tx:
                assert run_rows.get(tx, run_id).outcome in {*LAST_WORDS, "waiting"}


TestPromotion = Promotion.TestCase
TestPromotion.settings = play(max_examples=7, steps=20)
