"""How a run ends: completed, failed, cancelled, or back in the queue.

Each ending is one transaction: the state under its fencing token, what the run was charged, the
journal. A run that ends in any way has paid for what it evaluated.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from omp.domain.errors import Conflict, DataNotReady
from omp.domain.failpoints import hit
from omp.domain.run import MAX_ATTEMPTS_WITHOUT_PROGRESS, RUN
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.ops.run_ingest import Finished, charge_run, keep_candidates, read_finished
from omp.store import campaigns as campaign_rows
from omp.store import journal
from omp.store import runs as rows
from omp.store.runs import Run

CANCELLING = "cancelling"
"""Stage of a running run that was told to end; it is cancelled once its processes have gone."""


def complete(desk: Desk, run_id: str, attempt: int) -> Run:
    """Close a finished run in one transaction: proof, candidates, ledger, journal.

    Raises:
        NotFound: It left no manifest, or no evidence.
        Damaged: A file does not have the digest in the manifest, or is of another run.
        Conflict: The attempt is no longer ours.
    """
    with desk.read() as tx:
        run = rows.get(tx, run_id)
    finished = read_finished(desk.workspace, run)
    hit("run.proven")
    now = desk.clock.iso()
    with desk.write() as tx:
        run = rows.get(tx, run_id)
        expect(
            rows.change(
                tx,
                run_id,
                state="running",
                attempt=attempt,
                to_state=RUN.after(run.state, "complete"),
                **_facts(finished),
                stage="screen",
                outcome="pending",
                finished_at=now,
                progress_at=now,
                exit_code=0,
                eta_s=None,
                **_nobody(),
            ),
            run_id,
        )
        keep_candidates(tx, run_id, finished.evidence)
        owed = charge_run(tx, desk, run)
        campaign_rows.change(tx, run.campaign_id, consecutive_failures=0)
        desk.note(
            tx,
            "run.completed",
            run_id,
            {
                "attempt": attempt,
                "manifest_digest": finished.manifest_digest,
                "evidence_digest": finished.evidence_digest,
                "trials": owed,
                "candidates": len(finished.evidence.candidates),
            },
        )
        closed = rows.get(tx, run_id)
    hit("run.closed")
    desk.wake.set()
    return closed


def fail(desk: Desk, run_id: str, attempt: int, *, cause: str, exit_code: int | None = None) -> Run:
    """Close a run that failed; what it was charged stays charged."""
    with desk.write() as tx:
        closed = _fail(tx, desk, rows.get(tx, run_id), attempt, cause, exit_code)
    desk.wake.set()
    return closed


def reject(desk: Desk, run_id: str, *, cause: str, exit_code: int) -> Run:
    """Close a queued run whose configuration, data or seed cannot be used: it fails unstarted."""
    with desk.write() as tx:
        run = rows.get(tx, run_id)
        values: dict[str, Any] = {
            "to_state": RUN.after(run.state, "claim"),
            "to_attempt": run.attempt + 1,
        }
        claimed = rows.change(tx, run_id, state=run.state, attempt=run.attempt, **values)
        expect(claimed, run_id)
        closed = _fail(tx, desk, rows.get(tx, run_id), run.attempt + 1, cause, exit_code)
    desk.wake.set()
    return closed


def interrupt(
    desk: Desk,
    run_id: str,
    attempt: int,
    *,
    cause: str,
    blameless: bool,
    base_delay_s: float = 0.0,
    exit_code: int | None = None,
) -> Run:
    """Put a run back in the queue with its checkpoint, or close it after too many vain attempts.

    Args:
        cause: Why, in words for the record.
        blameless: An operator or the daemon ended it, so the attempt does not count against it.
        base_delay_s: Back-off, doubled with each vain attempt after the first, seconds; 0 for none.
        exit_code: Of its child, where it is known.
    """
    with desk.write() as tx:
        run = rows.get(tx, run_id)
        vain = run.attempts_without_progress
        if blameless:
            vain = max(0, vain - 1)
        elif vain >= MAX_ATTEMPTS_WITHOUT_PROGRESS:
            return _fail(
                tx, desk, run, attempt, f"{cause}; {vain} attempts without a generation", exit_code
            )
        delay_s = base_delay_s * 2 ** max(0, vain - 1)
        later = journal.iso(desk.clock.now() + timedelta(seconds=delay_s)) if delay_s else None
        expect(
            rows.change(
                tx,
                run_id,
                state="running",
                attempt=attempt,
                to_state=RUN.after(run.state, "interrupt"),
                stage="queued",
                attempts_without_progress=vain,
                not_before=later,
                cause=cause,
                exit_code=exit_code,
                eta_s=None,
                **_nobody(),
            ),
            run_id,
        )
        charge_run(tx, desk, run)
        desk.note(
            tx,
            "run.interrupted",
            run_id,
            {"attempt": attempt, "cause": cause, "not_before": later, "vain_attempts": vain},
        )
        back = rows.get(tx, run_id)
    desk.wake.set()
    return back


def cancel(desk: Desk, run_id: str, *, reason: str | None = None) -> Run:
    """End a run for good: a queued one at once, a running one once its processes have gone.

    Raises:
        IllegalMove: It is over already.
    """
    said = f"cancelled by {desk.operator}: {reason or 'not given'}"
    with desk.write() as tx:
        run = rows.get(tx, run_id)
        state = RUN.after(run.state, "cancel")
        if run.state == "queued":
            _close_cancelled(tx, desk, run, state, said)
        else:
            rows.change(tx, run_id, state=run.state, stage=CANCELLING, cause=said)
        after = rows.get(tx, run_id)
    desk.wake.set()
    return after


def cancelled(desk: Desk, run_id: str, attempt: int) -> Run:
    """Close a running run that was told to end; its processes have gone."""
    with desk.write() as tx:
        run = rows.get(tx, run_id)
        state = RUN.after(run.state, "cancel")
        if (run.state, run.attempt) != ("running", attempt):
            expect(False, run_id)  # it went back to the queue meanwhile: that attempt is spent
        _close_cancelled(tx, desk, run, state, run.cause or "cancelled")
        after = rows.get(tx, run_id)
    desk.wake.set()
    return after


def _close_cancelled(tx: Connection, desk: Desk, run: Run, state: str, said: str) -> None:
    now = desk.clock.iso()
    changed = rows.change(
        tx,
        run.id,
        state=run.state,
        attempt=run.attempt,
        to_state=state,
        stage="done",
        cause=said,
        finished_at=now,
        eta_s=None,
        **_nobody(),
    )
    expect(changed, run.id)
    owed = charge_run(tx, desk, run)
    desk.note(tx, "run.cancelled", run.id, {"cause": said, "trials": owed})


def _fail(
    tx: Connection, desk: Desk, run: Run, attempt: int, cause: str, exit_code: int | None
) -> Run:
    expect(
        rows.change(
            tx,
            run.id,
            state="running",
            attempt=attempt,
            to_state=RUN.after(run.state, "fail"),
            stage="done",
            cause=cause,
            exit_code=exit_code,
            finished_at=desk.clock.iso(),
            eta_s=None,
            **_nobody(),
        ),
        run.id,
    )
    owed = charge_run(tx, desk, run)
    campaign = campaign_rows.get(tx, run.campaign_id, removed=True)
    failures = campaign.consecutive_failures + 1
    campaign_rows.change(tx, run.campaign_id, consecutive_failures=failures)
    desk.note(
        tx,
        "run.failed",
        run.id,
        {"attempt": attempt, "cause": cause, "exit_code": exit_code, "trials": owed},
    )
    if exit_code == DataNotReady.exit_code:
        open_incident(
            desk,
            f"campaign.unusable:{campaign.id}",
            "SEV-2",
            f"the data of campaign {campaign.name} are not ready for it: {cause}",
            details={"campaigns": [campaign.id], "runs": [run.id]},
            tx=tx,
        )
    return rows.get(tx, run.id)


def _facts(finished: Finished) -> dict[str, Any]:
    manifest, evidence = finished.manifest, finished.evidence
    return {
        "manifest_digest": finished.manifest_digest,
        "evidence_digest": finished.evidence_digest,
        "engine_version": manifest.engine_version,
        "git_sha": manifest.git_sha,
        "lock_digest": manifest.lock_digest,
        "trials": evidence.n_trials,
        "bars": evidence.window.n_bars,
        "candidates": len(evidence.candidates),
    }


def _nobody() -> dict[str, Any]:
    return {"pid": None, "boot_id": None, "start_ticks": None}


def expect(changed: bool, run_id: str) -> None:
    """Refuse to go on where a compare-and-set found something else."""
    if not changed:
        raise Conflict(
            f"run {run_id} was changed by somebody else meanwhile",
            allowed="a change of the attempt that is under way",
            remedy="look at it again: omp runs show " + run_id,
        )
