"""The queue under any sequence of verbs: nothing lost, nothing twice, every record in place."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text
from tests.desks import HandClock, write_campaign, write_data
from tests.machines import play

from omp.app import open_desk
from omp.domain.errors import Conflict, IllegalMove, InvalidInput
from omp.ops import queue, workspace
from omp.store import campaigns, journal, runs

N_FILES = 4


class Queue(RuleBasedStateMachine):
    """Verbs in any order, and runs that end as they like."""

    template: Path | None = None
    folder: "tempfile.TemporaryDirectory[str] | None" = None  # goes with the class

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="omp-queue-"))
        if Queue.template is None:
            Queue.folder = tempfile.TemporaryDirectory(prefix="omp-queue-template-")
            Queue.template = Path(Queue.folder.name) / "w"
            workspace.create(Queue.template, demo=False, idle=True)
            write_data(Queue.template, "prices")
            for number in range(N_FILES):
                seeds = "[1, 2, 3]" if number == 0 else "{ first = 5, step = 5 }"
                write_campaign(Queue.template, f"c{number}", population=100 + number, seeds=seeds)
        shutil.rmtree(self.root)
        shutil.copytree(Queue.template, self.root, ignore=shutil.ignore_patterns("reserve"))
        self.clock = HandClock()
        self.desk = open_desk(self.root, operator="tester", clock=self.clock)
        self.ever: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            with self.desk.read() as tx:
                assert journal.verify(tx) is None
            self.desk.db.close()
            shutil.rmtree(self.root)

    def ids(self) -> list[str]:
        with self.desk.read() as tx:
            return [one.id for one in campaigns.listed(tx)]

    def pick(self, number: int) -> str:
        ids = self.ids()
        return ids[number % len(ids)]

    def has_campaigns(self) -> bool:
        return bool(self.ids())

    @rule(
        file=st.integers(0, N_FILES - 1),
        priority=st.integers(1, 10),
        enabled=st.booleans(),
        repeat=st.booleans(),
    )
    def add(self, file: int, priority: int, enabled: bool, repeat: bool) -> None:
        found = queue.add(
            self.desk,
            name=f"c{file}",
            config_path=f"configs/campaigns/c{file}.toml",
            priority=priority,
            enabled=enabled,
            repeat=repeat,
        )
        assert found.duplicate is (found.id in self.ever)
        self.ever.add(found.id)

    @precondition(has_campaigns)
    @rule(
        number=st.integers(0, 9),
        change=st.fixed_dictionaries(
            {},
            optional={
                "priority": st.integers(0, 11),
                "enabled": st.booleans(),
                "repeat": st.booleans(),
                "after": st.lists(st.sampled_from([f"c{i}" for i in range(N_FILES)]), max_size=2),
            },
        ),
        reason=st.sampled_from([None, "because"]),
    )
    def change(self, number: int, change: dict[str, Any], reason: str | None) -> None:
        campaign_id = self.pick(number)
        before = queue.get(self.desk, campaign_id)
        try:
            self.tried_first(queue.change, campaign_id, **change, reason=reason)
        except InvalidInput:
            assert queue.get(self.desk, campaign_id) == before
        except IllegalMove:
            assert before.state == "quarantined"

    def tried_first(self, verb: Callable[..., Any], *given: Any, **named: Any) -> None:
        """A verb after its dry run: that keeps nothing, and foretells the order and the records."""
        with self.desk.read() as tx:
            before = journal.head(tx)
        file = self.desk.workspace.queue_file.read_bytes()
        tried = queue.rehearse(self.desk, verb, *given, **named)
        with self.desk.read() as tx:
            assert journal.head(tx) == before
        assert self.desk.workspace.queue_file.read_bytes() == file
        verb(self.desk, *given, **named)
        order = [one.id for one in queue.list_queue(self.desk) if one.place]
        assert [one.id for one in tried.order] == order
        with self.desk.read() as tx:
            made = journal.records(tx, after=before.seq, kinds=["queue.change"])
        assert [one["action"] for one in tried.changes] == [one.payload["action"] for one in made]

    @precondition(has_campaigns)
    @rule(action=st.sampled_from(queue.ACTIONS), everything=st.booleans())
    def change_many(self, action: str, everything: bool) -> None:
        ids = self.ids()
        quarantined = [one for one in ids if queue.get(self.desk, one).state == "quarantined"]
        meant: dict[str, Any] = {"everything": True} if everything else {"ids": ids[:2]}
        if action == "priority":
            meant["priority"] = 3
        before = queue.list_queue(self.desk)
        try:
            self.tried_first(queue.bulk, action, **meant, reason="because")
        except IllegalMove:
            assert action == "enable"
            assert quarantined
            assert queue.list_queue(self.desk) == before

    @precondition(has_campaigns)
    @rule(first=st.integers(0, 9), second=st.integers(0, 9))
    def reorder(self, first: int, second: int) -> None:
        moved, other = self.pick(first), self.pick(second)
        if moved == other:
            return
        queue.reorder(self.desk, moved, before=other, reason="because")
        order = [one.id for one in queue.list_queue(self.desk) if one.place]
        if moved in order and other in order:
            assert order.index(moved) == order.index(other) - 1

    @precondition(has_campaigns)
    @rule(number=st.integers(0, 9))
    def remove(self, number: int) -> None:
        queue.remove(self.desk, self.pick(number))

    @precondition(has_campaigns)
    @rule(number=st.integers(0, 9))
    def quarantine_or_lift(self, number: int) -> None:
        campaign_id = self.pick(number)
        if queue.get(self.desk, campaign_id).state == "quarantined":
            queue.lift(self.desk, campaign_id, reason="because")
        else:
            queue.quarantine(self.desk, campaign_id, reason="because")

    @precondition(has_campaigns)
    @rule(number=st.integers(0, 9))
    def again(self, number: int) -> None:
        try:
            queue.again(self.desk, self.pick(number))
        except Conflict:
            return

    @rule(state=st.sampled_from(["completed", "failed", "cancelled"]))
    def run_the_next(self, state: str) -> None:
        following = queue.next_run(self.desk)
        if following is None:
            self.everything_is_held()
            return
        self.passes_only_what_is_held(following.campaign.id)
        with self.desk.write() as tx:
            run = queue.at_claim(self.desk, tx, following.run)
            runs.change(tx, run.id, state="queued", to_state="running", to_attempt=1)
            at = self.desk.clock.iso()
            runs.change(tx, run.id, state="running", attempt=1, to_state=state, finished_at=at)
            if state != "cancelled":
                failures = following.campaign.consecutive_failures + 1
                failures = failures if state == "failed" else 0
                campaigns.change(tx, run.campaign_id, consecutive_failures=failures)

    def everything_is_held(self) -> None:
        for one in queue.list_queue(self.desk):
            assert one.place is None or self.is_held(one.id)

    def passes_only_what_is_held(self, claimed: str) -> None:
        """None starves: whoever goes first in the line is claimed, unless `why` names a hold."""
        for one in queue.list_queue(self.desk):
            if one.id == claimed:
                return
            assert self.is_held(one.id)

    def is_held(self, campaign_id: str) -> bool:
        told = queue.why(self.desk, campaign_id).reasons
        return any("waits for" in reason or "waits until" in reason for reason in told)

    @rule(seconds=st.sampled_from([1.0, 2000.0, 40_000.0]))
    def wait(self, seconds: float) -> None:
        self.clock.wait(seconds)
        queue.ensure_runs(self.desk)

    @precondition(has_campaigns)
    @rule(number=st.integers(0, 9))
    def edit_by_hand(self, number: int) -> None:
        queue.export_file(self.desk)
        path = self.desk.workspace.queue_file
        document = json.loads(path.read_text())
        campaign = document["campaigns"][number % len(document["campaigns"])]
        campaign["repeat"] = not campaign["repeat"]
        path.write_text(json.dumps(document))
        assert queue.ingest_file(self.desk).applied == (f"repeat {campaign['id']}",)

    @invariant()
    def nothing_is_lost_and_nothing_is_twice(self) -> None:
        if not hasattr(self, "desk"):
            return
        with self.desk.read() as tx:
            kept = {one.id for one in campaigns.listed(tx, removed=True)}
            assert kept == self.ever
            live = runs.live(tx)
            by_campaign = [one.campaign_id for one in live]
            assert len(set(by_campaign)) == len(by_campaign)
            everything = runs.find(tx, limit=10_000)
            tried = [(one.config_hash, one.seed) for one in everything if one.state != "failed"]
            assert len(set(tried)) == len(tried)
            registered = {
                (row.seed, row.run_id)
                for row in tx.execute(text("SELECT seed, run_id FROM seeds")).all()
            }
            assert {one.seed for one in everything} == {seed for seed, _ in registered}
            changes = campaigns.changes(tx, limit=10_000)
            records = journal.records(tx, kinds=["queue.change"], limit=10_000)
            assert {one.id for one in changes} == {one.payload["change_id"] for one in records}
            assert all(one.reason for one in changes)
            moved = [one for one in changes if one.action in ("priority", "reorder", "lift")]
            assert all(one.reason == "because" for one in moved)
            waits = {one.id: one.after for one in campaigns.listed(tx)}
            listed = campaigns.listed(tx)
        for start, others in waits.items():  # nobody waits for itself, however long the way
            reached, open_ = set(), list(others)
            while open_:
                one = open_.pop()
                if one not in reached:
                    reached.add(one)
                    open_ += waits.get(one, [])
            assert start not in reached
        assert queue.ingest_file(self.desk).applied == ()
        file = json.loads(self.desk.workspace.queue_file.read_text())
        assert [one["id"] for one in file["campaigns"]] == [one.id for one in listed]
        shown = [(one["priority"], one["enabled"], one["repeat"]) for one in file["campaigns"]]
        assert shown == [(one.priority, one.state == "enabled", one.repeat) for one in listed]


TestQueue = Queue.TestCase
TestQueue.settings = play(max_examples=12, steps=20)
