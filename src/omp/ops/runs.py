"""The life of a run: claimed, followed, closed. Every change names the attempt it is made for.

The attempt number is a fencing token. A daemon that was thought dead, or a slow thread, finds its
token spent and changes nothing.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from omp.config.campaign_file import CampaignFile, parse_campaign
from omp.domain.errors import Damaged
from omp.domain.run import RUN
from omp.ops.desk import Desk
from omp.ops.queue_runs import at_claim
from omp.ops.run_close import (
    CANCELLING,
    cancel,
    cancelled,
    complete,
    expect,
    fail,
    interrupt,
    reject,
)
from omp.ops.run_pages import (
    LogTail,
    Page,
    RunView,
    campaign_text,
    candidates,
    events,
    last_lines,
    list_runs,
    logs,
    show,
    summary,
)
from omp.store import campaigns as campaign_rows
from omp.store import runs as rows
from omp.store.runs import Run
from omp.wire.rundir import RunDirectory

__all__ = [
    "CANCELLING",
    "Claimed",
    "LogTail",
    "Page",
    "Progress",
    "RunView",
    "bind_data",
    "campaign_text",
    "cancel",
    "cancelled",
    "candidates",
    "claim",
    "complete",
    "events",
    "fail",
    "idle_s",
    "interrupt",
    "last_lines",
    "list_runs",
    "logs",
    "note_adopted",
    "progress",
    "record_process",
    "reject",
    "reread",
    "show",
    "summary",
]

JOURNAL_STEPS = 10
"""A run writes its progress to the journal so many times, the row is kept up to the second."""


@dataclass(frozen=True)
class Progress:
    """The latest numbers a child gave."""

    generation: int | None
    generations: int | None
    best_sharpe: float | None
    candidates: int | None
    trials: int | None
    evals_per_s: float | None
    eta_s: float | None


@dataclass(frozen=True)
class Claimed:
    """A run that was given a slot, with the configuration it was queued with."""

    run: Run
    campaign: CampaignFile
    text: str
    resume: bool

    @property
    def attempt(self) -> int:
        return self.run.attempt


def claim(desk: Desk, run_id: str) -> Claimed:
    """Give a queued run a slot: the next attempt, with configuration, data and seed proven.

    Raises:
        IllegalMove: It is not queued.
        Damaged: The kept configuration no longer has the hash it was queued with.
        DataNotReady: The fitness of its data is not proven now.
        Refused: Its seed is not registered.
    """
    now = desk.clock.iso()
    with desk.write() as tx:
        run = rows.get(tx, run_id)
        state = RUN.after(run.state, "claim")
        run = at_claim(desk, tx, run)
        text, campaign = _configuration(tx, run)
        changed = rows.change(
            tx,
            run_id,
            state=run.state,
            attempt=run.attempt,
            to_state=state,
            stage="prepare",
            to_attempt=run.attempt + 1,
            attempts_without_progress=run.attempts_without_progress + 1,
            started_at=run.started_at or now,
            progress_at=None,
            not_before=None,
            pid=None,
            boot_id=None,
            start_ticks=None,
            cause=None,
            exit_code=None,
            eta_s=None,
        )
        expect(changed, run_id)
        after = rows.get(tx, run_id)
        desk.note(tx, "run.claimed", run_id, {"attempt": after.attempt, "seed": run.seed})
    return Claimed(after, campaign, text, resume=_has_checkpoint(desk, run_id))


def reread(desk: Desk, run_id: str) -> Claimed:
    """A claimed run as it stands now, for a daemon that came back to it.

    Raises:
        Damaged: The kept configuration no longer has the hash it was queued with.
    """
    with desk.read() as tx:
        run = rows.get(tx, run_id)
        text, campaign = _configuration(tx, run)
    return Claimed(run, campaign, text, resume=_has_checkpoint(desk, run_id))


def idle_s(desk: Desk, run: Run) -> float:
    """Seconds since a run last made progress, or since it was first started."""
    last = run.progress_at or run.started_at or run.queued_at
    return max(0.0, (desk.clock.now() - datetime.fromisoformat(last)).total_seconds())


def record_process(
    desk: Desk, run_id: str, attempt: int, *, stage: str, pid: int, boot: str, start_ticks: int
) -> bool:
    """Keep who works for a run; False when the attempt is no longer ours."""
    with desk.db.write() as tx:
        return rows.change(
            tx,
            run_id,
            state="running",
            attempt=attempt,
            stage=stage,
            pid=pid,
            boot_id=boot,
            start_ticks=start_ticks,
        )


def bind_data(desk: Desk, run_id: str, attempt: int, *, digest: str, lineage: str) -> bool:
    """Keep which data a run mines; the first binding stands for all attempts."""
    with desk.db.write() as tx:
        return rows.change(
            tx, run_id, state="running", attempt=attempt, data_digest=digest, lineage=lineage
        )


def note_adopted(desk: Desk, run_id: str, attempt: int, pid: int) -> None:
    """Write down that a live child of an earlier daemon is followed again."""
    with desk.write() as tx:
        desk.note(tx, "run.adopted", run_id, {"attempt": attempt, "pid": pid})


def progress(
    desk: Desk,
    run_id: str,
    attempt: int,
    latest: Progress | None,
    *,
    advanced: bool,
    new_generation: bool = False,
    stage: str | None = None,
) -> bool:
    """Keep the latest numbers; False when the attempt is no longer ours.

    Args:
        latest: Numbers of the last progress line, None where only the stage changed.
        advanced: It made progress, so its clock starts anew.
        new_generation: A generation was finished that no attempt had finished before.
        stage: Its stage, where it changed.
    """
    values: dict[str, Any] = {} if latest is None else asdict(latest)
    if advanced:
        values["progress_at"] = desk.clock.iso()
    if new_generation:
        values["attempts_without_progress"] = 0
    if stage is not None:
        values["stage"] = stage
    if not values:
        return True
    with desk.db.write() as tx:
        before = rows.get(tx, run_id)
        if before.stage == CANCELLING:
            values.pop("stage", None)
        kept = rows.change(tx, run_id, state="running", attempt=attempt, **values)
        if kept and latest is not None and _step(latest) > _step_of(before):
            desk.note(tx, "run.progress", run_id, asdict(latest))
    return kept


def _configuration(tx: Connection, run: Run) -> tuple[str, CampaignFile]:
    text = campaign_rows.config(tx, run.config_hash).text
    campaign = parse_campaign(text, name=f"configuration {run.config_hash[:12]}")
    if campaign.config_hash != run.config_hash:
        raise Damaged(
            f"the configuration of {run.id} is not the one it was queued with",
            allowed=f"content with the hash {run.config_hash[:12]}…",
            remedy="cancel the run and add the campaign again",
        )
    return text, campaign


def _has_checkpoint(desk: Desk, run_id: str) -> bool:
    return RunDirectory(desk.workspace.run(run_id)).checkpoint.exists()


def _step(latest: Progress) -> int:
    if latest.generation is None or not latest.generations:
        return -1
    return JOURNAL_STEPS * latest.generation // latest.generations


def _step_of(run: Run) -> int:
    if run.generation is None or not run.generations:
        return -1
    return JOURNAL_STEPS * run.generation // run.generations
