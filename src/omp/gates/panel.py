"""The two panels: every gate of the shelf, in the order of the configuration."""

from collections.abc import Mapping
from typing import Any

from omp.config.gate_bars import GateBars, gate_keys
from omp.domain.errors import InvalidConfiguration
from omp.domain.verdict import Outcome, Verdict
from omp.gates.base import Gate
from omp.gates.case import Case
from omp.shelf import shelf
from omp.wire.canonical import digest_of

PANELS: Mapping[int, str] = {1: "before the look", 2: "after the look"}


def gates(order: Mapping[str, Any] | tuple[str, ...], panel: int | None = None) -> tuple[Gate, ...]:
    """The gates in configured order.

    Args:
        order: Names of the gates, such as `settings.gates`.
        panel: 1 or 2; None for both.

    Raises:
        InvalidConfiguration: If a gate of the shelf is not configured, or a configured one is not
            on the shelf: neither may be left out silently.
    """
    standing: Mapping[str, Gate] = shelf("omp.gates", "GATE")
    absent = [name for name in order if name not in standing]
    forgotten = [name for name in standing if name not in order]
    if absent or forgotten:
        raise InvalidConfiguration(
            f"gates configured but not installed: {absent or 'none'}; "
            f"installed but not configured: {forgotten or 'none'}",
            remedy="install the missing gate, or take its table out of omp_config.toml",
        )
    return tuple(standing[name] for name in order if panel in (None, standing[name].panel))


def judge(case: Case, panel: int) -> tuple[Verdict, ...]:
    """Every verdict of one panel on a case; all gates are asked, also after one has failed."""
    return tuple(gate.judge(case) for gate in gates(case.gates, panel))


def first_failed(verdicts: tuple[Verdict, ...]) -> Verdict | None:
    """The first verdict that does not let the subject through; a wait comes last."""
    failed = [one for one in verdicts if one.outcome is not Outcome.PASS]
    firm = [one for one in failed if one.outcome is not Outcome.WAIT]
    return next(iter(firm or failed), None)


def gate_set(bars: Mapping[str, GateBars], review_policy: str) -> str:
    """Digest of the gates in force, their bars and the review policy; part of provenance."""
    return digest_of(
        {
            "gates": [[name, gate_keys(one)] for name, one in bars.items()],
            "review_policy": review_policy,
        }
    )
