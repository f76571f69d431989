"""Judgement: promote-check, promote, review."""

from typing import Annotated, Any

import typer

from omp.cli.face import Answer, Face, verb
from omp.cli.printing import instant, plain, record, table
from omp.cli.run_commands import Run
from omp.domain.figures import figure

VERDICT_COLUMNS = (
    ("panel", "PANEL"),
    ("gate", "GATE"),
    ("outcome", "OUTCOME"),
    ("value", "VALUE", figure),
    ("bar", "BAR", figure),
    ("sentence", "WHY"),
)
REVIEW_COLUMNS = (
    ("run_id", "RUN"),
    ("candidate_id", "CANDIDATE"),
    ("role", "ROLE"),
    ("decision", "DECISION"),
    ("operator", "BY"),
    ("reason", "REASON"),
    ("signed_at", "SIGNED", instant),
)
ROLES = ("risk-analyst", "trader-expert")

Candidate = Annotated[str, typer.Argument(metavar="CANDIDATE", help="Its id.")]
Role = Annotated[str, typer.Option("--role", help=" or ".join(ROLES) + ".")]
Why = Annotated[str, typer.Option("--reason", "-r", help="What was looked at; required.")]

app = typer.Typer(help="Sign-offs that candidates wait for.", no_args_is_help=True)


def add_to(parent: typer.Typer) -> None:
    """Put these commands on `parent`."""
    verb(parent, "promote-check")(promote_check)
    verb(parent, "promote")(promote)
    parent.add_typer(app, name="review")


def verdict_lines(data: dict[str, Any]) -> list[str]:
    """Verdicts with the gate, the value, the bar and the sentence."""
    verdicts = data.get("verdicts") or ()
    rest = {
        key: value
        for key, value in data.items()
        if key != "verdicts" and not isinstance(value, list | dict)
    }
    return [*record(rest), "", *table(verdicts, VERDICT_COLUMNS, empty="no verdict yet")]


def promote_check(face: Face, run: Run) -> Answer:
    """Say what stands between a run and the Hall of Fame; spends no look."""
    data = face.call("promotion.check", run=run)
    return Answer(data, verdict_lines(data))


def promote(
    face: Face,
    run: Run,
    candidate: Candidate,
    reason: Annotated[str | None, typer.Option("--reason", "-r", help="Why.")] = None,
) -> Answer:
    """Take a candidate through every gate, and into the Hall of Fame if all let it pass."""
    data = face.call("promotion.promote", run_id=run, candidate_id=candidate, reason=reason)
    return Answer(data, verdict_lines(data))


@verb(app, "list")
def list_reviews(face: Face) -> Answer:
    """Show what waits for a signature, and what was signed."""
    data = face.call("reviews.list")
    return Answer(data, table(data.get("items", ()), REVIEW_COLUMNS, empty="nothing waits"))


def _decide(face: Face, decision: str, run: str, candidate: str, role: str, reason: str) -> Answer:
    data = face.call(
        "reviews.sign",
        run_id=run,
        candidate_id=candidate,
        role=role,
        decision=decision,
        reason=reason,
    )
    return Answer(data, [f"{candidate}: {decision} as {role}, by {plain(data.get('operator'))}"])


@verb(app, "sign")
def sign(face: Face, run: Run, candidate: Candidate, reason: Why, role: Role = ROLES[0]) -> Answer:
    """Sign a candidate off."""
    return _decide(face, "signed", run, candidate, role, reason)


@verb(app, "decline")
def decline(
    face: Face, run: Run, candidate: Candidate, reason: Why, role: Role = ROLES[0]
) -> Answer:
    """Decline a candidate."""
    return _decide(face, "declined", run, candidate, role, reason)
