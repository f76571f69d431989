"""The promotion packet, filled from the case, and the figures of an entry."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from omp.config.gate_bars import GateBars
from omp.domain.hall import PROVENANCE_FIELDS
from omp.domain.verdict import Outcome, Verdict
from omp.gates.case import RISK_ANALYST, TRADER_EXPERT, Case
from omp.ops import markdown_page
from omp.ops.template_room import fill
from omp.store.looks import Look

SEED_GATES: tuple[tuple[str, str, str], ...] = (
    ("oos_sharpe", "OOS Sharpe", ">="),
    ("pbo", "PBO", "<="),
    ("dsr", "DSR", ">="),
    ("max_drawdown", "Max DD", "<="),
)
"""The gates that the packet names with their bars."""


def gate_answers(given: Iterable[Verdict]) -> list[dict[str, Any]]:
    """The verdicts as plain values."""
    return [{**asdict(one), "outcome": one.outcome.value} for one in given]


def figures(case: Case, given: Iterable[Verdict], look: Look, campaign: str) -> dict[str, Any]:
    """What lists and pages show of an entry."""
    by_gate = {one.gate: one for one in given}
    subject, sealed, run = case.subject, case.look, case.run
    if subject is None or sealed is None or run is None:
        return {}
    return {
        "campaign": campaign,
        "kind": subject.kind,
        "members": len(subject.members) or 1,
        "symbols": run.symbols,
        "timeframe": run.timeframe,
        "venue": run.venue,
        "sharpe_annual": subject.sharpe_annual,
        "sharpe_x_annual": subject.sharpe_x_annual,
        "exposure": subject.exposure,
        "n_trades": subject.n_trades,
        "turnover_annual": by_gate["execution"].value if "execution" in by_gate else None,
        "max_drawdown": by_gate["max_drawdown"].value if "max_drawdown" in by_gate else None,
        "pbo": run.pbo.value,
        "dsr": by_gate["dsr"].value if "dsr" in by_gate else None,
        "n_trials": run.n_trials,
        "stress_passed": sum(1 for one in subject.stress if one.passed),
        "stress_ran": sum(1 for one in subject.stress if one.passed is not None),
        "sharpe_variance": run.variance.of_candidates,
        "oos_sharpe": sealed.sharpe_annual,
        "oos_max_drawdown": sealed.max_drawdown,
        "trades_oos": sealed.n_trades,
        "standard_error_annual": sealed.standard_error_annual,
        "min_track_record_bars": sealed.min_track_record_bars,
        "alpha_annual": sealed.alpha_annual,
        "beta": sealed.beta,
        "p_value": sealed.p_value,
        "look_level": look.level,
        "look_ordinal": look.ordinal,
        "buy_and_hold_sharpe_annual": sealed.buy_and_hold_sharpe_annual,
        "oos_first": sealed.first,
        "oos_last": sealed.last,
        "oos_bars": sealed.n_bars,
    }


def packet(
    *,
    case: Case,
    provenance: Mapping[str, Any],
    given: tuple[Verdict, ...],
    look: Look,
    campaign: str,
) -> dict[str, Any]:
    """Everything that the packet says."""
    subject, run, sealed = case.subject, case.run, case.look
    if subject is None or run is None or sealed is None:
        raise ValueError("a packet needs the evidence of run, subject and look")
    return {
        "schema_version": 1,
        "candidate_id": subject.candidate_id,
        "run_id": run.run_id,
        "campaign": campaign,
        "environment": run.environment,
        "promoted_at": provenance["promoted_at"],
        "seed_gates": _seed_gates(case.gates, given),
        "verdicts": gate_answers(given),
        "figures": figures(case, given, look, campaign),
        "provenance": {name: provenance[name] for name in PROVENANCE_FIELDS},
        "artifacts": sorted(subject.artifacts),
        "members": [
            {"candidate_id": name, "weight": weight}
            for name, weight in zip(subject.members, subject.weights, strict=True)
        ],
        "stress": [asdict(one) for one in subject.stress],
        "reviews": _reviews(case, given),
        "data": {
            "digest": run.data_digest,
            "lineage": run.lineage,
            "symbols": run.symbols,
            "venue": run.venue,
            "timeframe": run.timeframe,
            "in_sample_first": run.window.first,
            "in_sample_last": run.window.last,
            "boundary": run.window.boundary,
            "sealed_first": sealed.first,
            "sealed_last": sealed.last,
        },
        "look": {
            "look_id": look.look_id,
            "window": look.window,
            "ordinal": look.ordinal,
            "level": look.level,
            "p_value": sealed.p_value,
            "t": sealed.t,
            "lags": sealed.lags,
            "circular_shift_p": sealed.circular_shift_p,
        },
    }


def _seed_gates(bars: Mapping[str, GateBars], given: tuple[Verdict, ...]) -> list[dict[str, Any]]:
    by_gate = {one.gate: one for one in given}
    return [
        {
            "label": label,
            "sign": sign,
            "bar": bars[name].promote,
            "value": by_gate[name].value,
            "passed": by_gate[name].outcome is Outcome.PASS,
            "is_share": name == "max_drawdown",
        }
        for name, label, sign in SEED_GATES
        if name in by_gate and name in bars
    ]


def _reviews(case: Case, given: tuple[Verdict, ...]) -> dict[str, Any]:
    by_gate = {one.gate: one for one in given}
    passed = {name: one.outcome is Outcome.PASS for name, one in by_gate.items()}
    signed = {role: case.signed(role) for role in (RISK_ANALYST, TRADER_EXPERT)}
    return {
        "policy": case.review_policy,
        "risk_analyst": passed.get("review", False),
        "risk_analyst_says": by_gate["review"].sentence if "review" in by_gate else "",
        "trader_expert": passed.get("execution", False),
        "trader_expert_says": by_gate["execution"].sentence if "execution" in by_gate else "",
        "signatures": [asdict(one) for one in signed.values() if one is not None],
    }


def markdown(document: Mapping[str, Any]) -> str:
    """The packet as Markdown."""
    return fill("promotion_packet.md", packet=document)


def page(document: Mapping[str, Any], text: str) -> str:
    """The packet as an HTML page."""
    return markdown_page.page(f"Promotion Packet: {document['candidate_id']}", text)
