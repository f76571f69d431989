"""The cards, every field filled from the record: Markdown, and the same as HTML.

`CARDS` is the table of kinds; a field the record does not hold reads `unknown`, never a guess.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from omp.domain.errors import InvalidInput
from omp.ops import markdown_page
from omp.ops.card_facts import (
    assumptions,
    campaign_spec,
    daily_log,
    data_handoff,
    infra_handoff,
    integrity,
    packet_of,
    queue_change,
    report_of_incident,
    request,
    review_handoff,
)
from omp.ops.desk import Desk
from omp.ops.template_room import fill

Facts = Callable[[Desk, str | None], dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """One kind of card.

    Args:
        template: Its Markdown.
        subject: What it is about, as asked for; empty where it is about the workspace.
        facts: What fills it.
    """

    template: str
    subject: str
    facts: Facts


@dataclass(frozen=True)
class Card:
    """A filled card."""

    kind: str
    subject: str | None
    title: str
    markdown: str
    html: str


RUN = "a run, or a Hall of Fame entry"

CARDS: Mapping[str, Kind] = {
    "campaign": Kind("campaign_spec_card.md", "a campaign's id", campaign_spec),
    "queue-change": Kind(
        "queue_change.md",
        "a queue change's id, or a campaign's for its last; the last of all by default",
        queue_change,
    ),
    "daily": Kind("daily_ops_log.md", "a day, YYYY-MM-DD; today by default", daily_log),
    "incident": Kind("incident_report.md", "an incident's id", report_of_incident),
    "packet": Kind("promotion_packet.md", "a Hall of Fame entry", packet_of),
    "hall-check": Kind("hall_integrity_check.md", "", integrity),
    "handoff-devops-infra": Kind("handoff_devops_infra.md", "", infra_handoff),
    "handoff-risk-analyst": Kind("handoff_risk_analyst.md", RUN, review_handoff),
    "handoff-trader-expert": Kind("handoff_trader_expert.md", RUN, review_handoff),
    "handoff-data-engineer": Kind("handoff_data_engineer.md", "a campaign's id", data_handoff),
    "request": Kind("request.md", "a campaign's id", request),
    "execution-assumptions": Kind("execution_assumptions_card.md", RUN, assumptions),
}


def render(desk: Desk, kind: str, *, subject: str | None = None) -> Card:
    """A card about a subject, as the record stands now.

    Raises:
        InvalidInput: An unknown kind, or no subject where one is needed.
        NotFound: There is no such subject.
    """
    if kind not in CARDS:
        raise InvalidInput(
            f"there is no card {kind!r}",
            allowed=", ".join(CARDS),
            remedy="omp report KIND --subject ID",
        )
    card = CARDS[kind]
    needs = bool(card.subject) and "by default" not in card.subject
    if needs and subject is None:
        raise InvalidInput(
            f"the card {kind} needs a subject",
            allowed=card.subject,
            remedy=f"omp report {kind} --subject ID",
        )
    text = fill(card.template, **card.facts(desk, subject))
    title = next((line.lstrip("# ") for line in text.splitlines() if line.startswith("#")), kind)
    return Card(kind, subject, title, text, markdown_page.page(title, text))
