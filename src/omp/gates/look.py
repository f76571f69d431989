"""Did it have timing skill on data that nobody had seen?"""

from omp.config.gate_bars import GateBars
from omp.domain.verdict import Outcome
from omp.gates.base import MIN_OBSERVATIONS, Answer, Gate, finite, unknown
from omp.gates.case import Case
from omp.wire.evidence import LookEvidence
from omp.wire.grant import Grant


def ask(case: Case, _bars: GateBars) -> Answer:
    grant, look = case.grant, case.look
    if grant is None:
        if case.look_refusal:
            return Answer(f"No look was granted: {case.look_refusal}", outcome=Outcome.REJECT)
        return unknown("No look at the sealed window was granted")
    if look is None:
        return unknown(f"The granted look {grant.look_id} has no result")
    if unbound := _unbound(case, grant, look):
        return Answer(f"The look is not the one that was granted: {unbound}", None, Outcome.REJECT)
    value, level = finite(look.p_value), finite(grant.level)
    alpha, t = finite(look.alpha_annual), finite(look.t)
    if value is None or not 0 <= value <= 1 or level is None or alpha is None or t is None:
        return unknown("The test on the sealed window is undefined")
    if not look.artifacts:
        return unknown("The look left no returns behind, so it cannot be checked again")
    if look.n_bars < MIN_OBSERVATIONS or look.dof < 1:
        return unknown(f"The sealed window has {look.n_bars} bars: too few for a test")
    sentence = (
        f"On {look.n_bars:,} sealed bars it earned {alpha:+.1%} a year beyond its market "
        f"(t = {t:.2f}); luck alone does as well with probability {_shown(value)}, and look "
        f"{grant.ordinal} at this window allows {level:.4f}"
    )
    return Answer(sentence, value, None if value <= level else Outcome.REJECT, level)


def _shown(p_value: float) -> str:
    return "below 0.0001" if p_value < 0.0001 else f"{p_value:.4f}"


def _unbound(case: Case, grant: Grant, look: LookEvidence) -> str | None:
    """In what the look's evidence differs from its grant and its subject; None when in nothing."""
    pairs = {
        "grant": (look.grant_digest, grant.digest),
        "look": (look.look_id, grant.look_id),
        "subject": (look.subject_digest, grant.subject_digest),
        "candidate": (look.candidate_id, grant.candidate_id),
        "run": (look.run_id, grant.run_id),
        "data": (look.data_digest, grant.data_digest),
        "lineage": (look.lineage, grant.lineage),
    }
    if case.subject is None or case.run is None:
        return "there is no evidence of its subject"
    pairs["candidate of the case"] = (grant.candidate_id, case.subject.candidate_id)
    pairs["run of the case"] = (grant.run_id, case.run.run_id)
    pairs["strategy of the case"] = (
        grant.subject_digest,
        case.subject.artifacts.get("strategy.toml", ""),
    )
    differing = [name for name, (one, other) in pairs.items() if one != other]
    return f"another {', another '.join(differing)}" if differing else None


GATE = Gate(
    name="look",
    panel=2,
    better="lower",
    unit="p-value",
    question="Is alpha on the sealed window significant at the level its look was granted?",
    ask=ask,
)
