"""Incidents: something a person must know about, closed only with cause and prevention."""

from omp.domain.machine import Machine

SEVERITIES: tuple[str, ...] = ("SEV-0", "SEV-1", "SEV-2")
FREEZING: frozenset[str] = frozenset({"SEV-0"})
"""Severities that freeze promotions while open."""
HELD_FROM_NEW_CODE: tuple[str, ...] = ("SEV-0", "SEV-1")
"""Severities that keep code which is newer than the incident from promoting anything."""

INCIDENT = Machine(
    name="incident",
    start="open",
    moves={
        ("open", "acknowledge"): "acknowledged",
        ("open", "resolve"): "resolved",
        ("acknowledged", "resolve"): "resolved",
    },
    notes={("open", "resolve"): "needs cause and prevention, both written by a person"},
)
