"""What the pages of ledger, incidents and configuration show."""

from typing import Any

from omp.config.setting_sections import RULES
from omp.config.settings import as_mapping, flat
from omp.ops import cards, funnel, incidents, ledger_pages, settings_versions
from omp.ops.desk import Desk
from omp.store import hall
from omp.web.rendering import card_body

LINEAGES = 50


def ledger(desk: Desk, environment: str | None, start: int) -> dict[str, Any]:
    """Lineages with trials, luck line and budget; looks; canaries."""
    found, more = ledger_pages.lineages(desk, environment=environment, limit=LINEAGES, start=start)
    with desk.read() as tx:
        judged = hall.judged_canaries(tx)
    return {
        "lineages": found,
        "next": start + LINEAGES if more else None,
        "looks": ledger_pages.looks(desk, environment=environment)[:200],
        "canaries": judged[-20:][::-1],
        "n_canaries": len(judged),
        "spending": desk.settings.holdout.spending,
    }


def lineage(desk: Desk, lineage_id: str) -> dict[str, Any]:
    """One lineage: its trials, its luck and its funnel.

    Raises:
        NotFound: There is none of that id.
    """
    found = ledger_pages.lineage(desk, lineage_id)
    return {"lineage": found, "funnel": funnel.of_lineage(desk, found.lineage)}


def all_incidents(desk: Desk) -> dict[str, Any]:
    """Open incidents first, then the closed ones."""
    found = incidents.listed(desk, limit=200)
    return {
        "open_ones": [one for one in found if one.state != "resolved"],
        "closed": [one for one in found if one.state == "resolved"],
    }


def card(desk: Desk, kind: str, subject: str | None) -> dict[str, Any]:
    """A card about a subject, as it stands now.

    Raises:
        InvalidInput: There is no such kind, or it needs a subject.
        NotFound: There is no such subject.
    """
    found = cards.render(desk, kind, subject=subject)
    return {"card": found, "body": card_body(found.markdown)}


def configuration(desk: Desk) -> dict[str, Any]:
    """Every value in force, with its meaning and its origin, table by table."""
    values = flat(as_mapping(desk.loaded.settings))
    tables: dict[str, list[dict[str, Any]]] = {}
    for path, value in values.items():
        table, _, key = path.rpartition(".")
        rule = RULES.get(path)
        tables.setdefault(table, []).append(
            {
                "key": key,
                "value": _shown(value),
                "unit": rule.unit if rule else "",
                "about": rule.about if rule else "",
                "origin": _origin(desk.loaded.origins.get(path, "default")),
            }
        )
    return {
        "tables": sorted(tables.items()),
        "digest": desk.loaded.digest,
        "versions": settings_versions.versions(desk)[::-1],
    }


def _shown(value: Any) -> str:
    if value is None:
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value) if value != "" else "empty"


def _origin(text: str) -> str:
    return f"line {text.removeprefix('file:')}" if text.startswith("file:") else text
