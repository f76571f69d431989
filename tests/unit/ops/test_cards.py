"""Every card is filled from the record, as Markdown and as HTML that escapes what it shows."""

import re

import pytest
from tests.finished import FakeChildren, finish_run

from omp.domain.errors import InvalidInput, NotFound
from omp.ops import cards, incidents, markdown_page, promotion, queue
from omp.ops.desk import Desk
from omp.store import campaigns
from omp.store import runs as run_rows


@pytest.fixture
def subjects(desk: Desk) -> dict[str, str | None]:
    """A desk with an entry, an incident and a queue change; a subject for each kind of card."""
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
        campaign = campaigns.get(tx, run.campaign_id)
    incident = incidents.open_incident(
        desk, "x", "SEV-2", "something <odd>", details={"runs": [run_id], "symptoms": ["slow"]}
    )
    queue.change(desk, campaign.id, priority=2, reason="first things first")
    return {
        "campaign": campaign.id,
        "queue-change": None,
        "daily": None,
        "incident": incident.id,
        "packet": run.subject_id,
        "hall-check": None,
        "handoff-devops-infra": None,
        "handoff-risk-analyst": run_id,
        "handoff-trader-expert": run_id,
        "handoff-data-engineer": campaign.id,
        "request": campaign.id,
        "execution-assumptions": run_id,
    }


SEED_HEADINGS = {
    "campaign": ["## Campaign Spec Card", "### Mandate", "### Expected Outcomes", "### Approval"],
    "queue-change": ["## Queue Change: ", "### Details", "### Reason", "### Impact"],
    "daily": ["## Mining Daily Ops Log", "### Status Summary", "### Incidents", "### Notes"],
    "incident": ["## OMP Incident Report", "### Symptoms", "### Timeline", "### Prevention"],
    "packet": [
        "## Promotion Packet: ens_",
        "### Validation Gates",
        "### Provenance",
        "### Reviews",
    ],
    "hall-check": ["## Hall of Fame Integrity Check", "### Anomaly Check", "### Issues Found"],
    "handoff-devops-infra": ["## Handoff: omp-operator -> devops-infra", "**Action Needed:**"],
    "handoff-risk-analyst": ["## Handoff: omp-operator -> risk-analyst", "- OOS Sharpe: 1.20"],
    "handoff-trader-expert": ["## Handoff: omp-operator -> trader-expert", "x annual"],
    "handoff-data-engineer": ["## Handoff: omp-operator -> data-engineer", "**Impact:**"],
    "request": ["## Request: quant-researcher -> omp-operator", "**Priority:** 2"],
    "execution-assumptions": ["## Execution Assumptions Card", "### Costs, per side"],
}


def test_every_kind_is_filled(desk: Desk, subjects: dict[str, str | None]) -> None:
    assert set(SEED_HEADINGS) == set(cards.CARDS) == set(subjects)
    for kind, subject in subjects.items():
        card = cards.render(desk, kind, subject=subject)
        for heading in SEED_HEADINGS[kind]:
            assert heading in card.markdown, kind
        assert "None" not in re.sub(r"^-? ?None$", "", card.markdown, flags=re.MULTILINE), kind
        assert card.html.startswith("<!doctype html>")
        assert "<odd>" not in card.html
        assert card.title


def test_the_integrity_check_is_ticked(desk: Desk, subjects: dict[str, str | None]) -> None:
    text = cards.render(desk, "hall-check").markdown
    assert "- [x] No duplicate genome_hash" in text
    assert "1. [x] ens_" in text
    assert text.rstrip().endswith("None")


def test_a_card_needs_its_subject(desk: Desk) -> None:
    with pytest.raises(InvalidInput):
        cards.render(desk, "packet")
    with pytest.raises(InvalidInput):
        cards.render(desk, "horoscope")
    with pytest.raises(NotFound):
        cards.render(desk, "packet", subject="cand_nobody")


def test_markdown_becomes_safe_html() -> None:
    html = markdown_page.fragment(
        "## A <b>\n\n**x:** `y`\n- [x] done\n- [ ] not\n\n| a | b |\n|---|---|\n| 1 \\| 2 | <i> |\n"
    )
    assert "<h2>A &lt;b&gt;</h2>" in html
    assert "<strong>x:</strong> <code>y</code>" in html
    assert "<li>&#9745; done</li>" in html
    assert '<th scope="col">a</th>' in html
    assert "<td>1 | 2</td><td>&lt;i&gt;</td>" in html
    assert html.count("<ul>") == html.count("</ul>") == 1
