"""Every card is filled from the record, as Markdown and as HTML that escapes what it shows."""

import re

import pytest
from tests.finished import FakeChildren, finish_run

from omp.domain.errors import InvalidInput, NotFound
from omp.ops import cards, incidents, markdown_page, promotion, queue
from omp.ops.desk import Desk
from omp.ops.template_room import open_room
from omp.store import campaigns, hall
from omp.store import runs as run_rows

REVIEW = "handoff-risk-analyst"


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
    "execution-assumptions": [
        "## Execution Assumptions Card",
        "### Costs, per side",
        "borrowed shares",
    ],
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


@pytest.mark.parametrize("kind", ["handoff-risk-analyst", "execution-assumptions"])
def test_an_entry_stands_for_its_run(
    desk: Desk, subjects: dict[str, str | None], kind: str
) -> None:
    run_id, entry = subjects[kind], subjects["packet"]
    assert run_id != entry
    by_run = cards.render(desk, kind, subject=run_id)
    assert cards.render(desk, kind, subject=entry).markdown == by_run.markdown
    with pytest.raises(NotFound):
        cards.render(desk, kind, subject="ens_nobody")


def test_a_subject_outside_the_hall_stands_for_its_run(desk: Desk) -> None:
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, FakeChildren(desk.workspace)).more:
        with desk.read() as tx:
            found = run_rows.get(tx, run_id).subject_id
            if found is not None and hall.find(tx, found) is None:
                break
    for kind in (REVIEW, "handoff-trader-expert"):  # before the look, so with gates unanswered
        assert run_id in cards.render(desk, kind, subject=found).markdown
    assert "OOS Sharpe: not looked at" in cards.render(desk, REVIEW, subject=found).markdown


def test_a_campaign_stands_for_its_latest_change(
    desk: Desk, subjects: dict[str, str | None]
) -> None:
    campaign = subjects["campaign"]
    assert campaign is not None
    text = cards.render(desk, "queue-change", subject=campaign).markdown
    assert "first things first" in text
    last = queue.changes(desk, campaign_id=campaign, limit=1)[0]
    assert cards.render(desk, "queue-change", subject=last.id).markdown == text
    assert last.id in cards.render(desk, "daily").markdown
    with pytest.raises(NotFound, match="omp report daily"):
        cards.render(desk, "queue-change", subject="camp_nobody")


def test_the_handoff_of_the_machine_reads_as_its_template(desk: Desk) -> None:
    text = cards.render(desk, "handoff-devops-infra").markdown
    shown = re.findall(r"^- (CPU|Memory): (\d+\.\d)%$", text, flags=re.MULTILINE)
    assert [name for name, _ in shown] == ["CPU", "Memory"]
    assert all(0 <= float(value) <= 100 for _, value in shown)
    assert re.search(r"^- Disk: [\d,]+\.\d GB$", text, flags=re.MULTILINE)
    assert "- OMP Status: " in text
    assert "limits" not in text.split("**Symptoms:**")[0]


def test_every_template_is_compiled_when_the_room_is_opened() -> None:
    open_room.cache_clear()
    room = open_room()
    assert room.cache is not None
    assert len(room.cache) == len(room.list_templates()) > 10
    assert not room.auto_reload


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
