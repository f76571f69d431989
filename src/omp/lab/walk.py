"""The walk of one campaign over one market: search, evidence, gates, look, verdict; in memory.

Each step calls the function that a child or the daemon calls. Only the order is lazy: what costs
most (stress, the proof against look-ahead, the oracle's replay) is measured of a candidate when
its other gates and its place in the ensemble make it matter; and where PBO, which speaks about the
run, refuses every candidate, the champion alone answers, to the gates that need none of that.
Neither changes a verdict. What the campaigns of one market share (indicators, prices, windows) is
made once.
"""

from dataclasses import dataclass, replace

from omp.config.campaign_file import CampaignFile
from omp.config.settings import Settings
from omp.domain.verdict import Outcome, Verdict
from omp.engine.evaluator import Evaluator
from omp.gates.case import LedgerFacts
from omp.gates.panel import first_failed, gates, judge
from omp.lab.market_ledger import MarketLedger
from omp.lab.screen import Screen, refusal
from omp.lab.worlds import Ground
from omp.market.splits import iso
from omp.mining.agreement import open_evaluator
from omp.mining.bench import Bench
from omp.mining.candidate_files import candidate_files
from omp.mining.evidence import offered
from omp.mining.likeness import likeness_bench, likeness_to, pool_of
from omp.mining.look import joined_bench, measure_look
from omp.mining.measure import measure, subject_of
from omp.mining.plan import Plan, make_plan
from omp.mining.run_evidence import Provenance, in_sample_bench
from omp.mining.search import Search
from omp.mining.strategy_file import Strategy
from omp.ops.ensemble import choose
from omp.ops.looks import unfit
from omp.store.looks import Look, Subject
from omp.wire.evidence import CandidateEvidence, LookEvidence, RunEvidence
from omp.wire.grant import Grant

REFUSED_EARLY = "pbo after generation 0"
"""Why a search ended that was not bred on."""

NOT_TIMED = "not timed"
"""Instants of a walk: it depends on no clock."""


@dataclass(frozen=True)
class Walked:
    """What became of one campaign.

    Args:
        trials: Distinct trials.
        verdict: `promoted` or `refused`.
        first_failed_gate: The gate that stopped it; None where none did.
        failed_gates: Every gate asked that did not pass, in order.
        waits: It passed everything but waits for a signature.
        evidence: The run's own numbers.
        subject: What was judged last: the subject, else the champion.
        strategy: The subject as a strategy, where one was promoted.
        look: What the look found.
        level: The level it was granted.
        offered: Candidates offered together.
    """

    trials: int
    verdict: str
    first_failed_gate: str | None
    failed_gates: tuple[str, ...]
    waits: bool
    evidence: RunEvidence
    subject: CandidateEvidence | None
    strategy: Strategy | None = None
    look: LookEvidence | None = None
    level: float | None = None
    offered: int = 0


@dataclass(frozen=True, eq=False)
class Mill:
    """What the campaigns of one market share: everything but their seeds.

    Args:
        plan: The search of one of them.
        evaluator, bench: Of the in-sample window; they remember indicators, never results.
    """

    ground: Ground
    campaign: CampaignFile
    plan: Plan
    evaluator: Evaluator
    bench: Bench


def open_mill(ground: Ground, campaign: CampaignFile) -> Mill:
    """Make ready for the campaigns on a market.

    Args:
        ground: The market.
        campaign: What is searched.

    Raises:
        DataNotReady: If too few in-sample bars remain.
    """
    boundary_ns = ground.boundary_ns
    plan = make_plan(campaign, ground.mining, boundary_ns=boundary_ns, seed=0, workers=1)
    return Mill(ground, campaign, plan, open_evaluator(plan), in_sample_bench(plan))


def walk(
    mill: Mill,
    settings: Settings,
    ledger: MarketLedger,
    words: Provenance,
    *,
    stop_refused: bool = False,
) -> Walked:
    """Take one campaign from its seed to its verdict.

    Args:
        mill: The market, and what is searched on it.
        settings: Gates, bars and the rules of the sealed window.
        ledger: The market's record; grows.
        words: The run's name, seed and code.
        stop_refused: Whether a search ends after generation 0 where PBO, which depends on that
            generation alone, has refused the run whatever else it would try.
    """
    made = Search(replace(mill.plan, seed=words.seed), mill.evaluator)
    made.advance(made.ask())
    if stop_refused:
        facts = LedgerFacts(made.distinct, 0, ledger.trials + made.distinct)
        early = refusal(made.result(REFUSED_EARLY), settings, facts, words, mill.bench)
        if early is not None:
            ledger.charge(made.distinct)
            return _walked(early, early.champion, early.from_draft())
    while not made.finished:
        made.advance(made.ask())
    result = made.result()
    charged = ledger.charge(result.counts.distinct)
    rest = (result, settings, charged, words, mill.bench)
    refused = refusal(*rest)
    if refused is not None:
        return _walked(refused, refused.champion, refused.from_draft())
    screen = Screen(*rest)
    offer = choose(screen.evidence, screen, settings.holdout)
    if not offer.members:
        return _refused_screened(screen, ledger)
    return _subject(screen, offer.members, mill, ledger)


def _refused_screened(screen: Screen, ledger: MarketLedger) -> Walked:
    """Nothing may be offered; the champion says why, as in `ops.promotion`."""
    champion = screen.champion
    if champion is None:
        name = gates(screen.settings.gates, 1)[0].name
        return _walked(screen, None, (), refused_at=name)
    subject = screen.whole(champion)
    given = judge(screen.case(subject), 1)
    if first_failed(given) is None:
        why = unfit(screen.settings.holdout, subject, subject, ledger.likeness)
        given += _no_look(screen, subject, why or "it is not offered")
    return _walked(screen, subject, given)


def _no_look(screen: Screen, subject: CandidateEvidence, why: str) -> tuple[Verdict, ...]:
    case = replace(screen.case(subject), look_refusal=why)
    return tuple(one.judge(case) for one in gates(screen.settings.gates, 2) if one.name == "look")


def _subject(
    screen: Screen,
    members: tuple[str, ...],
    mill: Mill,
    ledger: MarketLedger,
) -> Walked:
    """The subject measured and judged, looked at once if it may be, and judged again."""
    ground, campaign = mill.ground, mill.campaign
    names = sorted(members)
    strategy, origin = offered(
        [screen.rows[one] for one in names], [screen.strategies[one] for one in names]
    )
    bench = screen.court.bench
    found, _ = candidate_files(bench, strategy, measure(screen.court, strategy, origin))
    pool = pool_of(likeness_bench(mill.plan, bench).streams(subject_of(strategy)))
    others = sorted(set(ledger.pools) - {found.candidate_id})
    against = likeness_to(pool, [(name, ledger.pools[name]) for name in others])
    subject = replace(found, against=against)
    first = judge(screen.case(subject), 1)
    if first_failed(first) is not None:
        return _walked(screen, subject, first, offered=len(names))
    rules = screen.settings.holdout
    why = unfit(rules, subject, screen.selection(subject), ledger.likeness)
    if why is not None:
        given = first + _no_look(screen, subject, why)
        return _walked(screen, subject, given, offered=len(names))
    permission = _grant(screen, subject, ground, ledger)
    kept = pool_of(bench.streams(subject_of(strategy)))
    ledger.grant(*_rows(permission, subject), vars(kept))
    sealed = joined_bench(
        ground.mining,
        ground.sealed,
        strategy,
        cash_yield_annual=campaign.costs.cash_yield_annual,
        flat_at_session_end=campaign.strategy.flat_at_session_end,
        liquidity=bench.liquidity,
    )
    look, _ = measure_look(permission, strategy, sealed, sealed_digest=ground.sealed_digest)
    ledger.take(look.p_value)
    case = replace(
        screen.case(subject), grant=permission, look=look, hall=ledger.hall_facts(subject)
    )
    given = judge(case, 1) + judge(case, 2)
    if first_failed(given) is None:
        ledger.promote(subject)
    return replace(
        _walked(screen, subject, given, offered=len(names)),
        strategy=strategy,
        look=look,
        level=permission.level,
    )


def _grant(
    screen: Screen, subject: CandidateEvidence, ground: Ground, ledger: MarketLedger
) -> Grant:
    """The permission for the next look, without the signature that a child would ask for."""
    ordinal, level = ledger.next_look(screen.settings.holdout)
    run = screen.evidence
    return Grant(
        schema_version=1,
        look_id=f"look_{run.run_id.removeprefix('run_')}",
        run_id=run.run_id,
        candidate_id=subject.candidate_id,
        subject_digest=subject.artifacts["strategy.toml"],
        data_digest=run.data_digest,
        lineage=ground.lineage,
        window=f"{ground.lineage}@{iso(ground.boundary_ns)}",
        ordinal=ordinal,
        level=level,
        granted_at=NOT_TIMED,
    )


def _rows(permission: Grant, subject: CandidateEvidence) -> tuple[Look, Subject]:
    """A granted look and its subject as the store's records."""
    look = Look(
        look_id=permission.look_id,
        window=permission.window,
        lineage=permission.lineage,
        ordinal=permission.ordinal,
        level=permission.level,
        run_id=permission.run_id,
        candidate_id=permission.candidate_id,
        subject_digest=permission.subject_digest,
        behaviour_hash=subject.behaviour_hash,
        state="granted",
        grant=permission.digest,
        granted_at=permission.granted_at,
    )
    kept = Subject(
        subject_id=subject.candidate_id,
        run_id=permission.run_id,
        lineage=permission.lineage,
        digest=permission.subject_digest,
        behaviour_hash=subject.behaviour_hash,
        sharpe_x=subject.sharpe_x_annual,
        positions_digest=subject.artifacts["returns.parquet"],
        created_at=permission.granted_at,
    )
    return look, kept


def _walked(
    screen: Screen,
    subject: CandidateEvidence | None,
    given: tuple[Verdict, ...],
    *,
    refused_at: str | None = None,
    offered: int = 0,
) -> Walked:
    """The verdict that the gates' answers amount to; a mere wait for a signature is a promotion."""
    failed = first_failed(given)
    waits = failed is not None and failed.outcome is Outcome.WAIT
    stopped = None if failed is None or waits else failed.gate
    promoted = bool(given) and stopped is None
    return Walked(
        trials=screen.evidence.n_trials,
        verdict="promoted" if promoted else "refused",
        first_failed_gate=refused_at or stopped,
        failed_gates=tuple(
            one.gate for one in given if one.outcome not in (Outcome.PASS, Outcome.WAIT)
        ),
        waits=waits,
        evidence=screen.evidence,
        subject=subject,
        offered=offered,
    )
