"""What follows when the child of a slot has ended: the run's next stage, or its ending."""

from pathlib import Path

from omp.daemon.endings import ended_by
from omp.daemon.executors.base import Order
from omp.daemon.orders import Orders, needs_evidence
from omp.daemon.slot import Slot
from omp.domain.errors import Conflict, OmpError, ResourceShort
from omp.ops import data, determinism, runs
from omp.ops.desk import Desk
from omp.ops.runs import Claimed
from omp.wire.lines import Event, last_event
from omp.wire.rundir import RunDirectory

Followed = tuple[Claimed, Order]
"""The run as it is bound now, and the child to start next."""


class Closing:
    """Closes stages and runs.

    Args:
        desk: In whose name runs are changed.
        orders: Command lines of children.
        base_delay_s: Back-off after the first vain attempt of a run, seconds.
    """

    def __init__(self, desk: Desk, orders: Orders, *, base_delay_s: float) -> None:
        self._desk = desk
        self._orders = orders
        self.base_delay_s = base_delay_s

    def close(self, slot: Slot) -> Followed | None:
        """The child to start next for the slot's run; None when the run is closed.

        Raises:
            ResourceShort: The record cannot be written now; call again later.
            Conflict: The attempt is no longer ours.
        """
        code = slot.exit_code()
        told = slot.divergence()
        if told is not None:
            self._diverged(slot, told, code)
            return None
        finished = slot.stage != "prepare" and self._directory(slot).finished
        if slot.ending and slot.ending.cancel:
            runs.cancelled(self._desk, slot.run_id, slot.attempt)
        elif slot.ending and not finished:
            ending = slot.ending
            blameless = ending.blameless
            self.put_back(
                slot.claimed, ending.cause, blameless=blameless, code=code, waits=not blameless
            )
        elif slot.stage == "prepare" and code == 0:
            return self._prepared(slot)
        elif slot.stage == "mine" and finished and needs_evidence(slot.claimed):
            return slot.claimed, self._orders.evidence(slot.claimed, slot.name)
        elif finished and (slot.stage == "mine" or code == 0):
            self._complete(slot)
        else:
            self._judge(slot, code)
        return None

    def _diverged(self, slot: Slot, told: Event, code: int | None) -> None:
        """The run has failed for good, whatever its child did afterwards, and promotions freeze."""
        sentence = str(told.fields.get("message") or "its engine says no more")[:2000]
        facts = told.fields.get("facts")
        found = determinism.report(
            self._desk,
            slot.claimed.run,
            sentence,
            facts if isinstance(facts, dict) else told.fields,
        )
        if slot.ending and slot.ending.cancel:
            runs.cancelled(self._desk, slot.run_id, slot.attempt)
            return
        cause = f"the same computation gave two results ({found.id}): {sentence}"
        self.fail(slot.claimed, cause, code)

    def put_back(
        self,
        claimed: Claimed,
        cause: str,
        *,
        blameless: bool,
        code: int | None = None,
        waits: bool,
    ) -> None:
        """Back to the queue with its checkpoint, to go on at once or (`waits`) after a back-off."""
        runs.interrupt(
            self._desk,
            claimed.run.id,
            claimed.attempt,
            cause=cause,
            blameless=blameless,
            base_delay_s=self.base_delay_s if waits else 0.0,
            exit_code=code,
        )

    def fail(self, claimed: Claimed, cause: str, code: int | None) -> None:
        """The run has failed."""
        runs.fail(self._desk, claimed.run.id, claimed.attempt, cause=cause, exit_code=code)

    def _directory(self, slot: Slot) -> RunDirectory:
        return RunDirectory(self._desk.workspace.run(slot.run_id))

    def _prepared(self, slot: Slot) -> Followed | None:
        last = last_event(slot.follower.path)
        named = last.fields.get("manifest") if last and last.event == "result" else None
        if not isinstance(named, str):
            self.fail(slot.claimed, "the child that makes the market named no manifest", 0)
            return None
        snapshot = data.register_snapshot(self._desk, Path(named))
        run_id, attempt = slot.run_id, slot.attempt
        kept = runs.bind_data(
            self._desk, run_id, attempt, digest=snapshot.digest, lineage=snapshot.lineage
        )
        if not kept:
            raise Conflict(f"run {run_id} is no longer at attempt {attempt}")
        claimed = runs.reread(self._desk, run_id)
        return claimed, self._orders.mine(claimed, snapshot.digest, slot.name)

    def _complete(self, slot: Slot) -> None:
        try:
            runs.complete(self._desk, slot.run_id, slot.attempt)
        except (ResourceShort, Conflict):
            raise
        except OmpError as error:
            self.fail(slot.claimed, error.sentence, 0)

    def _judge(self, slot: Slot, code: int | None) -> None:
        verdict = ended_by(code, slot.pending.error, slot.stage)
        if verdict.again:
            never_began = slot.child.identity.pid == 0
            again = slot.claimed.run.attempts_without_progress > 1
            self.put_back(
                slot.claimed, verdict.cause, blameless=never_began, code=code, waits=again
            )
        else:
            self.fail(slot.claimed, verdict.cause, code)
