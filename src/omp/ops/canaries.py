"""Canaries: what noise markets promote, judged run by run by a sequential test."""

from sqlalchemy import Connection

from omp.config.campaign_file import parse_campaign
from omp.domain.canary import SequentialTest
from omp.ops import incidents
from omp.ops.desk import Desk
from omp.store import campaigns, hall
from omp.store.hall import Canary
from omp.store.runs import Run

NOISE = tuple(f"synthetic:{kind}" for kind in ("noise", "null", "garch", "regime", "signs"))
"""Sources that are made without an edge, a market a seed: every kind of null, or all in turn."""


def is_canary(tx: Connection, run: Run) -> bool:
    """Whether a run mined pure noise on purpose: by its data, whatever its campaign's tags say."""
    if run.environment != "synthetic":
        return False
    text = campaigns.config(tx, run.config_hash).text
    return parse_campaign(text, name=run.config_hash).data.source in NOISE


def judge(desk: Desk, tx: Connection, run: Run, *, promoted: bool) -> None:
    """Count a finished canary; a hit opens an incident, a rate too high freezes promotions.

    A subject that only waits for a signature counts as promoted. A market counts once: an edited or
    a second canary campaign begins with the seeds of the first, and a market that was judged before
    has a ledger and looks already. A hit opens its incident all the same.
    """
    if not is_canary(tx, run):
        return
    judged = hall.judged_canaries(tx)
    if any(one.run_id == run.id for one in judged):
        return
    if promoted:
        incidents.open_incident(
            desk,
            f"canary.promoted:{run.id}",
            "SEV-2",
            f"A canary was promoted: run {run.id} mined pure noise and its subject passed.",
            details={"runs": [run.id], "campaigns": [run.campaign_id]},
            tx=tx,
        )
    if run.data_digest in hall.canary_markets(tx):
        desk.note(tx, "canary.known", run.id, {"data_digest": run.data_digest})
        return
    test = SequentialTest()
    standing = judged[-1].score if judged else 0.0
    if abs(standing) >= test.bound:
        standing = 0.0  # the test came to a decision; it begins anew
    score = standing + (test.step_hit if promoted else test.step_clean)
    hall.add_canary(tx, Canary(run.id, promoted, score, desk.clock.iso()))
    desk.note(tx, "canary.judged", run.id, {"promoted": promoted, "score": score})
    if score >= test.bound:
        hits = sum(1 for one in judged if one.promoted) + int(promoted)
        incidents.open_incident(
            desk,
            "canary.rate",
            "SEV-0",
            f"Noise is promoted too often: {hits} of {len(judged) + 1} canaries; "
            f"the test's score is {score:.2f}, the alarm is at {test.bound:.2f}. "
            "Promotions are frozen.",
            details={"runs": [run.id], "symptoms": [f"score {score:.2f}"]},
            tx=tx,
        )
