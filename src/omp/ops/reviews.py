"""Reviews by hand: the risk analyst's and the trader's signatures, which some subjects wait for."""

from dataclasses import dataclass

from omp.domain.errors import InvalidInput, Refused
from omp.domain.ids import new_id
from omp.gates.case import DECLINED, REVIEWERS, RISK_ANALYST, SIGNED, TRADER_EXPERT
from omp.ops.desk import Desk
from omp.store import candidates, hall
from omp.store import runs as run_rows
from omp.store.hall import Review

DECISIONS: dict[str, str] = {
    "signed": SIGNED,
    "sign": SIGNED,
    "approve": SIGNED,
    "declined": DECLINED,
    "decline": DECLINED,
}
"""What may be written -> what it means."""

ASKS: dict[str, str] = {"review": RISK_ANALYST, "execution": TRADER_EXPERT}
"""Gate that waits -> whose signature it waits for."""

MACHINES: tuple[str, ...] = ("daemon", "watchdog")
"""Roles that never sign: a signature is a person's."""


@dataclass(frozen=True)
class Waiting:
    """A subject that waits for a signature, or has one.

    Args:
        decision: `waiting`, `signed` or `declined`.
    """

    run_id: str
    candidate_id: str
    role: str
    decision: str
    operator: str | None
    reason: str | None
    signed_at: str | None
    environment: str


def sign(
    desk: Desk, run_id: str, candidate_id: str, *, role: str, decision: str, reason: str
) -> Review:
    """Sign or decline a run's candidate; a run that waits for it is judged again.

    Args:
        role: risk-analyst or trader-expert.
        decision: signed or declined.
        reason: What was looked at; stands in the record.

    Raises:
        InvalidInput: An unknown role or decision, or no reason.
        Refused: A machine cannot sign.
        NotFound: The run has no such candidate.
    """
    if role not in REVIEWERS:
        raise InvalidInput(f"role {role!r}", allowed=", ".join(REVIEWERS))
    if decision not in DECISIONS:
        raise InvalidInput(f"decision {decision!r}", allowed=f"{SIGNED} or {DECLINED}")
    if not reason.strip():
        raise InvalidInput(
            "a signature without a reason",
            allowed="a sentence that says what was looked at",
            remedy="give a reason",
        )
    if desk.role in MACHINES:
        raise Refused(f"the {desk.role} cannot sign as {role}", allowed="a person's signature")
    review = Review(
        id=new_id("review", now_s=desk.clock.now().timestamp()),
        run_id=run_id,
        candidate_id=candidate_id,
        role=role,
        decision=DECISIONS[decision],
        operator=desk.operator,
        reason=reason.strip(),
        signed_at=desk.clock.iso(),
    )
    with desk.write() as tx:
        candidates.get(tx, run_id, candidate_id)
        run = run_rows.get(tx, run_id)
        hall.add_review(tx, review)
        desk.note(
            tx,
            "review.signed",
            candidate_id,
            {"run": run_id, "as": role, "decision": review.decision, "reason": review.reason},
        )
        if run.outcome == "waiting" and run.subject_id == candidate_id:
            run_rows.change(tx, run_id, outcome="pending")
    desk.wake.set()
    return review


def listed(desk: Desk, *, environment: str | None = None) -> tuple[Waiting, ...]:
    """What waits for a signature, then what was signed, the newest first."""
    with desk.read() as tx:
        waiting = run_rows.find(tx, outcome="waiting", environment=environment, limit=500)
        environments = {one.id: one.environment for one in waiting}
        signed = []
        for one in hall.all_reviews(tx):
            if one.run_id not in environments:
                environments[one.run_id] = run_rows.get(tx, one.run_id).environment
            if environment in (None, environments[one.run_id]):
                signed.append(one)
    open_ones = [
        Waiting(
            run_id=one.id,
            candidate_id=one.subject_id or "",
            role=ASKS.get(one.first_failed_gate or "", RISK_ANALYST),
            decision="waiting",
            operator=None,
            reason=None,
            signed_at=None,
            environment=one.environment,
        )
        for one in waiting
    ]
    done = [
        Waiting(
            one.run_id,
            one.candidate_id,
            one.role,
            one.decision,
            one.operator,
            one.reason,
            one.signed_at,
            environments[one.run_id],
        )
        for one in signed
    ]
    return (*open_ones, *done)
