"""What the Hall of Fame's pages show, and what they say was refused."""

from pathlib import Path
from typing import Any, Literal

from omp.domain.campaign import ENVIRONMENTS
from omp.domain.hall import PROVENANCE_FIELDS
from omp.ops import hall, ledger_pages, promotion, reviews, runs, sync
from omp.ops.desk import Desk
from omp.web import charts
from omp.web.rendering import card_body

REFUSED = 12

Part = Literal["in-sample", "sealed"]
_CURVES: dict[Part, str] = {"in-sample": "curves.json", "sealed": "look/curves.json"}


def everything(desk: Desk, environment: str | None) -> dict[str, Any]:
    """Entries, what their looks have spent, what waits, what was refused lately."""
    named = (environment,) if environment else ENVIRONMENTS
    return {
        "entries": hall.listed(desk, environment=environment),
        "expectations": [hall.expectation(desk, one) for one in named],
        "waiting": [
            one
            for one in reviews.listed(desk, environment=environment)
            if one.decision == "waiting"
        ],
        "refused": refused(desk, environment),
        "lag": sync.pending(desk),
        "mirror": sync.mirror_url(desk) is not None,
        "variable": desk.settings.sync.url_env,
    }


def refused(desk: Desk, environment: str | None) -> list[dict[str, Any]]:
    """The last runs that were refused, each with the sentence that refused it."""
    found: list[dict[str, Any]] = []
    for run in runs.list_runs(desk, state="completed", environment=environment, limit=50).items:
        if run["outcome"] != "refused" or len(found) >= REFUSED:
            continue
        sentence = "none of its candidates may be offered"
        for one in promotion.refusals(desk, run["id"]):
            offered = one.candidate.candidate_id == run["subject_id"]
            if one.verdict is not None and (offered or run["subject_id"] is None):
                sentence = one.verdict.sentence
                break
        found.append({**run, "sentence": sentence})
    return found


def entry(desk: Desk, candidate_id: str) -> dict[str, Any]:
    """The page of one entry.

    Raises:
        NotFound: There is none of that id.
    """
    shown = hall.show(desk, candidate_id)
    lineage = shown.provenance.get("data_lineage")
    folder = desk.workspace.entry(candidate_id)
    return {
        "entry": shown,
        "provenance": {name: shown.provenance.get(name) for name in PROVENANCE_FIELDS},
        "lineage": ledger_pages.lineage(desk, str(lineage)) if lineage else None,
        "strategy": _text(folder / "strategy.toml"),
        "has_packet": (folder / "packet.md").is_file(),
    }


def packet(desk: Desk, candidate_id: str) -> dict[str, Any]:
    """The promotion packet of an entry, as a page.

    Raises:
        NotFound: There is no such entry.
    """
    shown = hall.show(desk, candidate_id)
    text = _text(desk.workspace.entry(candidate_id) / "packet.md")
    return {"entry": shown, "packet": card_body(text)}


def entry_curves(desk: Desk, candidate_id: str, part: Part) -> dict[str, Any]:
    """Equity and drawdown of an entry, in-sample or on the sealed window."""
    return charts.curves(desk.workspace.entry(candidate_id) / _CURVES[part])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
