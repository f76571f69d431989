"""A run's way through screen, subject, look and second panel into the Hall, or to a refusal."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.finished import TRIALS, FakeChildren, finish_run, make_candidates
from tests.kits.gate_cases import run_evidence

from omp.domain.errors import Damaged, Frozen, LookRefused, OmpError, PromotionRefused
from omp.domain.hall import PROVENANCE_FIELDS
from omp.domain.holdout import level
from omp.market.recipe import NULL_KINDS
from omp.ops import incidents, looks, promotion, reviews
from omp.ops.attestation import verify
from omp.ops.children import ChildResult
from omp.ops.desk import Desk
from omp.store import candidates, hall, journal, ledger, outbox_rows, vault, verdicts
from omp.store import looks as look_rows
from omp.store import runs as run_rows
from omp.store.runs import Run


def go_on(desk: Desk, run_id: str, children: FakeChildren) -> list[promotion.Step]:
    steps = [promotion.advance(desk, run_id, children)]
    while steps[-1].more:
        steps.append(promotion.advance(desk, run_id, children))
        assert len(steps) < 12
    return steps


def run_of(desk: Desk, run_id: str) -> Run:
    with desk.read() as tx:
        return run_rows.get(tx, run_id)


@pytest.fixture
def children(desk: Desk) -> FakeChildren:
    return FakeChildren(desk.workspace)


def test_a_faultless_run_enters_the_hall(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk)
    assert promotion.pending(desk) == (run_id,)
    steps = go_on(desk, run_id, children)
    assert [one.stage for one in steps] == ["ensemble", "look", "promote", "done"]
    assert steps[-1].outcome == "promoted"
    assert [one[1] for one in children.calls] == ["evidence", "recheck", "look"]
    with desk.read() as tx:
        (entry,) = hall.listed(tx)
        (look,) = look_rows.of_lineages(tx, [str(run_of(desk, run_id).lineage)])
        assert journal.verify(tx) is None
        assert outbox_rows.lag(tx).pending == 1
    assert entry.candidate_id.startswith("ens_")
    assert entry.intact
    assert entry.environment == "real"
    assert sorted(entry.provenance) == sorted(PROVENANCE_FIELDS)
    assert entry.provenance["n_trials"] == TRIALS
    assert (look.ordinal, look.state, look.promoted) == (1, "taken", True)
    assert look.level == pytest.approx(level(1, alpha=0.05))
    assert promotion.pending(desk) == ()
    assert not go_on(desk, run_id, children)[0].more


def test_the_entrys_folder_holds_everything(desk: Desk, children: FakeChildren) -> None:
    go_on(desk, finish_run(desk), children)
    with desk.read() as tx:
        (entry,) = hall.listed(tx)
    folder = desk.workspace.entry(entry.candidate_id)
    assert vault.faults(folder, entry.artifacts) == ()
    expected = {
        "packet.md", "packet.html", "packet.json", "entry.json", "evidence.json",
        "run_evidence.json", "look/look.json", "look/grant.json", "look/trades.csv",
        "strategy.toml", "trades.csv", "metrics.obfs", "metrics.json", "returns.parquet",
        "curves.json", "campaign.toml", "data/manifest.json", "data/bars.parquet",
        "data/sealed/bars.parquet", "data/sealed/manifest.json", "attestation.json",
        "signer.pub", "manifest.json",
    }  # fmt: skip
    assert expected <= set(entry.artifacts)
    statement = verify(
        (folder / "attestation.json").read_bytes(), (folder / "signer.pub").read_bytes()
    )
    assert statement["predicate"]["provenance"] == entry.provenance
    attested = {one["name"]: one["digest"]["blake3"] for one in statement["subject"]}
    assert attested["strategy.toml"] == entry.artifacts["strategy.toml"]
    packet = (folder / "packet.md").read_text()
    assert f"## Promotion Packet: {entry.candidate_id}" in packet
    assert "- [x] OOS Sharpe >= 0.50: 1.20" in packet
    assert "- [x] Stress tests passed: 10/10" in packet
    assert "unknown" not in packet
    assert (folder / "data").stat().st_mode & 0o777 == 0o700


def test_a_changed_attestation_is_no_attestation(desk: Desk, children: FakeChildren) -> None:
    go_on(desk, finish_run(desk), children)
    folder = desk.workspace.hall / vault.folders(desk.workspace.hall)[0]
    envelope = json.loads((folder / "attestation.json").read_bytes())
    envelope["payload"] = envelope["payload"][:-8] + "AAAA" + envelope["payload"][-4:]
    with pytest.raises(Damaged):
        verify(json.dumps(envelope).encode(), (folder / "signer.pub").read_bytes())


def test_one_candidate_alone_is_offered_as_itself(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk, found=make_candidates(3), correlation=0.95)
    go_on(desk, run_id, children)
    run = run_of(desk, run_id)
    assert run.outcome == "promoted"
    assert str(run.subject_id).startswith("cand_")


def test_a_failing_champion_refuses_the_run_with_its_sentence(
    desk: Desk, children: FakeChildren
) -> None:
    run_id = finish_run(desk, found=make_candidates(2, dsr=0.07))
    steps = go_on(desk, run_id, children)
    assert [one.outcome for one in steps] == ["refused"]
    assert children.calls == []
    run = run_of(desk, run_id)
    assert (run.outcome, run.first_failed_gate, run.stage) == ("refused", "dsr", "done")
    check = promotion.promote_check(desk, run_id)
    assert "distinct rules on noise alone" in check.sentence
    assert not check.ready
    assert check.variance_sane is True
    found = promotion.refusals(desk, run_id)
    assert [one.candidate.first_failed_gate for one in found] == ["dsr", "dsr"]
    assert all(one.verdict and one.verdict.gate == "dsr" for one in found)


def test_a_dsr_between_the_two_bars_gets_no_look(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk, found=make_candidates(2, dsr=0.45))
    go_on(desk, run_id, children)
    run = run_of(desk, run_id)
    assert (run.outcome, run.first_failed_gate) == ("refused", "look")
    assert "a look asks for 0.50" in promotion.promote_check(desk, run_id).sentence
    with desk.read() as tx:
        assert look_rows.counts(tx) == {}


def test_a_run_without_candidates_is_refused(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk, found=[])
    go_on(desk, run_id, children)
    assert run_of(desk, run_id).outcome == "refused"
    assert promotion.promote_check(desk, run_id).sentence


def test_a_look_that_fails_is_spent(desk: Desk, children: FakeChildren) -> None:
    children.look_changes = {"p_value": 0.2}
    run_id = finish_run(desk)
    go_on(desk, run_id, children)
    run = run_of(desk, run_id)
    assert (run.outcome, run.first_failed_gate) == ("refused", "look")
    with desk.read() as tx:
        assert hall.listed(tx) == ()
        (look,) = look_rows.of_lineages(tx, [str(run.lineage)])
        assert (look.state, look.promoted, look.p_value) == ("taken", False, 0.2)
        kept = {one.verdict.gate for one in verdicts.latest(tx, run_id, str(run.subject_id))}
    assert kept == set(desk.settings.gates)


SECOND = {"campaign": "two", "population": 101}


@pytest.mark.parametrize(
    ("likeness", "annual", "said"),
    [
        ((0.9, 0.1), 9.0, "twin"),
        ((None, 0.1), 9.0, "undefined"),
        ((0.1, 0.5), 1.9, "no record of its kind"),
        ((0.1, None), 9.0, "undefined"),
        ((0.1, 0.5), 1.91, None),
        ((0.1, 0.49), 0.1, None),
    ],
)
def test_a_second_look_is_granted_to_records_that_are_no_twins(
    desk: Desk,
    children: FakeChildren,
    likeness: tuple[float | None, float | None],
    annual: float,
    said: str | None,
) -> None:
    go_on(desk, finish_run(desk), children)
    children.likeness = likeness
    children.subject_changes = {"sharpe_x_annual": annual}
    other = finish_run(desk, found=make_candidates(3, tag="b"), **SECOND)  # type: ignore[arg-type]
    go_on(desk, other, children)
    with desk.read() as tx:
        granted = look_rows.of_lineages(tx, [str(run_of(desk, other).lineage)])
    if said is None:
        assert [one.ordinal for one in granted] == [1, 2]
        assert granted[1].level == pytest.approx(level(2, alpha=0.05))
    else:
        assert len(granted) == 1
        run = run_of(desk, other)
        assert (run.outcome, run.first_failed_gate) == ("refused", "look")
        assert said in promotion.promote_check(desk, other).sentence


def test_a_behaviour_is_never_looked_at_twice(desk: Desk, children: FakeChildren) -> None:
    children.look_changes = {"p_value": 0.2}
    go_on(desk, finish_run(desk), children)
    children.look_changes = {}
    again = finish_run(desk, **SECOND)  # type: ignore[arg-type]
    go_on(desk, again, children)
    assert run_of(desk, again).outcome == "refused"
    assert "looked at before" in promotion.promote_check(desk, again).sentence


def test_a_likeness_on_too_few_bars_gets_no_look(desk: Desk, children: FakeChildren) -> None:
    go_on(desk, finish_run(desk), children)
    children.shared, children.subject_changes = 29, {"sharpe_x_annual": 9.0}
    other = finish_run(desk, found=make_candidates(3, tag="b"), **SECOND)  # type: ignore[arg-type]
    go_on(desk, other, children)
    run = run_of(desk, other)
    assert (run.outcome, run.first_failed_gate) == ("refused", "look")
    said = promotion.promote_check(desk, other).sentence
    assert "cannot be measured" in said
    assert "shares 29 bars" in said


def test_a_strategy_is_never_looked_at_twice(desk: Desk, children: FakeChildren) -> None:
    """Not after other trades on other years either."""
    go_on(desk, finish_run(desk), children)
    children.subject_changes = {"behaviour_hash": "9" * 32, "sharpe_x_annual": 9.0}
    again = finish_run(desk, **SECOND)  # type: ignore[arg-type]
    go_on(desk, again, children)
    assert run_of(desk, again).outcome == "refused"
    assert "the same strategy was looked at" in promotion.promote_check(desk, again).sentence


def test_a_subject_is_measured_again_beside_a_newer_one(desk: Desk, children: FakeChildren) -> None:
    slow = finish_run(desk)
    for _ in range(2):
        promotion.advance(desk, slow, children)
    children.subject_changes = {"sharpe_x_annual": 1.8}
    quick = finish_run(desk, found=make_candidates(3, tag="b"), **SECOND)  # type: ignore[arg-type]
    go_on(desk, quick, children)
    children.subject_changes = {}
    steps = go_on(desk, slow, children)
    assert [one.stage for one in steps] == ["ensemble", "look", "promote", "done"]
    with desk.read() as tx:
        found = look_rows.of_lineages(tx, [str(run_of(desk, slow).lineage)])
    assert [(one.ordinal, one.run_id) for one in found] == [(1, quick), (2, slow)]


def test_an_unmeasured_likeness_counts_against(desk: Desk, children: FakeChildren) -> None:
    go_on(desk, finish_run(desk), children)
    other = finish_run(desk, found=make_candidates(3, tag="b"), **SECOND)  # type: ignore[arg-type]
    for _ in range(2):
        promotion.advance(desk, other, children)
    docket = promotion.open_docket(desk, other)
    with desk.read() as tx:
        subject = docket.evidence.candidates[0]
        why = looks.refusal(desk, tx, docket, replace(subject, against=[]))
    assert why is not None
    assert "was not measured" in why
    with pytest.raises(LookRefused):
        looks.grant(desk, docket, replace(subject, against=[]))


def test_manual_review_waits_and_a_signature_lets_it_go_on(
    desk: Desk, children: FakeChildren
) -> None:
    manual = replace(
        desk, settings=replace(desk.settings, review=replace(desk.settings.review, policy="manual"))
    )
    run_id = finish_run(manual)
    steps = go_on(manual, run_id, children)
    assert steps[-1].outcome == "waiting"
    subject = str(run_of(manual, run_id).subject_id)
    assert reviews.listed(manual)[0].role == "risk-analyst"
    assert not promotion.advance(manual, run_id, children).more
    reviews.sign(manual, run_id, subject, role="risk-analyst", decision="signed", reason="read it")
    assert promotion.pending(manual) == (run_id,)
    assert go_on(manual, run_id, children)[-1].outcome == "promoted"
    with desk.read() as tx:
        assert hall.get(tx, subject).candidate_id == subject


def test_a_high_turnover_waits_for_the_trader(desk: Desk, children: FakeChildren) -> None:
    children.look_changes = {"turnover_annual": 80.0}
    run_id = finish_run(desk)
    assert go_on(desk, run_id, children)[-1].outcome == "waiting"
    run = run_of(desk, run_id)
    assert run.first_failed_gate == "execution"
    subject = str(run.subject_id)
    reviews.sign(desk, run_id, subject, role="trader-expert", decision="decline", reason="no fills")
    assert go_on(desk, run_id, children)[-1].outcome == "refused"
    with desk.read() as tx:
        assert hall.listed(tx) == ()


@pytest.mark.parametrize("severity", ["SEV-0"])
def test_an_open_incident_freezes_looks_and_promotions(
    desk: Desk, children: FakeChildren, severity: str
) -> None:
    run_id = finish_run(desk)
    for _ in range(2):
        promotion.advance(desk, run_id, children)
    opened = incidents.open_incident(desk, "x", severity, "something is wrong")
    step = promotion.advance(desk, run_id, children)
    assert not step.more
    assert "frozen" in step.note
    with pytest.raises(Frozen):
        promotion.promote(desk, run_id, str(run_of(desk, run_id).subject_id), children=children)
    incidents.resolve(desk, opened.id, cause="a", prevention="b", resolution="c")
    assert go_on(desk, run_id, children)[-1].outcome == "promoted"


def test_a_failing_child_is_tried_three_times(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk)
    promotion.advance(desk, run_id, children)
    children.fail = True
    for _ in range(3):
        with pytest.raises(OmpError, match="it broke"):
            promotion.advance(desk, run_id, children)
    assert "failed too often" in promotion.advance(desk, run_id, children).note
    (incident,) = incidents.listed(desk, open_only=True)
    assert incident.severity == "SEV-1"
    children.fail = False
    incidents.resolve(desk, incident.id, cause="a", prevention="b", resolution="c")
    assert go_on(desk, run_id, children)[-1].outcome == "promoted"


@pytest.mark.parametrize("left", [b"", b'{"schema_version":1,"look_'])
def test_a_torn_look_is_executed_again_under_its_grant(
    desk: Desk, children: FakeChildren, left: bytes
) -> None:
    run_id = finish_run(desk)
    promotion.advance(desk, run_id, children)
    promotion.advance(desk, run_id, children)
    take, torn = children.run, []

    def killed(args: list[str], *, log: Path) -> ChildResult:
        done = take(args, log=log)
        if args[1] == "look" and not torn:
            torn.extend(desk.workspace.run(run_id).glob("looks/*/look.json"))
            torn[0].write_bytes(left)
            return ChildResult(-9, None, ())
        return done

    children.run = killed  # type: ignore[method-assign]
    with pytest.raises(OmpError):
        promotion.advance(desk, run_id, children)
    assert go_on(desk, run_id, children)[-1].outcome == "promoted"
    with desk.read() as tx:
        (look,) = look_rows.of_lineages(tx, [str(run_of(desk, run_id).lineage)])
        kinds = [one.kind for one in journal.records(tx)]
    assert (look.ordinal, look.state) == (1, "taken")
    assert [kinds.count(f"look.{one}") for one in ("granted", "torn", "taken")] == [1, 1, 1]


def test_promote_takes_the_subject_and_nothing_else(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk)
    for _ in range(2):
        promotion.advance(desk, run_id, children)
    with desk.read() as tx:
        others = [one.candidate_id for one in candidates.of_run(tx, run_id)]
    subject = str(run_of(desk, run_id).subject_id)
    other = next(one for one in others if one != subject)
    with pytest.raises(PromotionRefused, match="is not what run"):
        promotion.promote(desk, run_id, other, children=children)
    check = promotion.promote(desk, run_id, subject, children=children, reason="asked for")
    assert check.outcome == "promoted"


def test_promote_check_spends_nothing(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk)
    with desk.read() as tx:
        before = journal.head(tx)
    check = promotion.promote_check(desk, run_id)
    assert check.ready
    assert check.budget is not None
    assert (check.budget.looks, check.budget.next_ordinal) == (0, 1)
    assert len(check.verdicts) == 7
    with desk.read() as tx:
        assert journal.head(tx) == before
        assert look_rows.counts(tx) == {}


CANARY: dict[str, Any] = {"source": "synthetic:null"}


@pytest.mark.parametrize("environment", ["real", "demo", "test", "synthetic"])
def test_a_tag_alone_makes_no_canary(desk: Desk, children: FakeChildren, environment: str) -> None:
    run_id = finish_run(desk, tags=["canary"], data={"environment": environment})
    go_on(desk, run_id, children)
    with desk.read() as tx:
        assert hall.judged_canaries(tx) == ()
    assert incidents.listed(desk) == ()


def test_a_promoted_canary_opens_an_incident(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk, **CANARY)
    go_on(desk, run_id, children)
    with desk.read() as tx:
        (judged,) = hall.judged_canaries(tx)
    assert judged.promoted
    assert judged.score == pytest.approx(1.966, abs=1e-3)
    (incident,) = incidents.listed(desk, open_only=True)
    assert incident.severity == "SEV-2"


def test_two_promoted_canaries_freeze_promotions(desk: Desk, children: FakeChildren) -> None:
    go_on(desk, finish_run(desk, **CANARY), children)
    other = finish_run(desk, found=make_candidates(3, tag="b"), **SECOND, **CANARY)  # type: ignore[arg-type]
    go_on(desk, other, children)
    assert any(one.severity == "SEV-0" for one in incidents.listed(desk, open_only=True))
    assert incidents.frozen(desk)


def test_a_market_is_judged_once(desk: Desk, children: FakeChildren) -> None:
    """An edited canary begins at the first seed again: its market has a ledger and a look."""
    go_on(desk, finish_run(desk, made_as="same", **CANARY), children)
    again = finish_run(desk, "two", population=101, made_as="same", **CANARY)
    go_on(desk, again, children)
    with desk.read() as tx:
        assert len(hall.judged_canaries(tx)) == 1
        known = journal.records(tx, kinds=("canary.known",))
        assert [one.subject for one in known] == [again]
    go_on(desk, finish_run(desk, "three", population=102, **CANARY), children)
    with desk.read() as tx:
        assert len(hall.judged_canaries(tx)) == 2


def test_a_hit_on_a_known_market_opens_its_incident_all_the_same(
    desk: Desk, children: FakeChildren
) -> None:
    refused = finish_run(desk, found=make_candidates(2, dsr=0.1), made_as="same", **CANARY)
    go_on(desk, refused, children)
    again = finish_run(desk, "two", population=101, made_as="same", **CANARY)
    go_on(desk, again, children)
    with desk.read() as tx:
        (judged,) = hall.judged_canaries(tx)
    assert judged.run_id == refused
    (incident,) = incidents.listed(desk, open_only=True)
    assert (incident.severity, incident.fingerprint) == ("SEV-2", f"canary.promoted:{again}")


@pytest.mark.parametrize("kind", ["noise", *NULL_KINDS])
def test_every_kind_of_noise_is_a_canary(desk: Desk, children: FakeChildren, kind: str) -> None:
    go_on(desk, finish_run(desk, source=f"synthetic:{kind}"), children)
    with desk.read() as tx:
        assert len(hall.judged_canaries(tx)) == 1


def test_a_planted_market_is_no_canary(desk: Desk, children: FakeChildren) -> None:
    go_on(desk, finish_run(desk, source="synthetic:planted", tags=["canary"]), children)
    with desk.read() as tx:
        assert hall.judged_canaries(tx) == ()


def test_a_refused_canary_is_a_clean_one(desk: Desk, children: FakeChildren) -> None:
    go_on(desk, finish_run(desk, found=make_candidates(2, dsr=0.1), **CANARY), children)
    with desk.read() as tx:
        (judged,) = hall.judged_canaries(tx)
    assert not judged.promoted
    assert judged.score == pytest.approx(-0.0043, abs=1e-4)
    assert incidents.listed(desk) == ()


@pytest.mark.parametrize(
    ("before", "after"), [(-2.95, -0.0043), (2.95, -0.0043), (-2.9, -2.9043), (1.97, 1.9657)]
)
def test_the_canaries_test_begins_anew_once_it_has_decided(
    desk: Desk, children: FakeChildren, before: float, after: float
) -> None:
    earlier = finish_run(desk)
    with desk.db.write() as tx:
        hall.add_canary(tx, hall.Canary(earlier, before > 0, before, desk.clock.iso()))
    found = make_candidates(2, dsr=0.1, tag="b")
    go_on(desk, finish_run(desk, found=found, **SECOND, **CANARY), children)  # type: ignore[arg-type]
    with desk.read() as tx:
        assert hall.judged_canaries(tx)[-1].score == pytest.approx(after, abs=1e-4)


def test_a_run_that_was_not_ingested_is_refused(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk, charge=False)
    go_on(desk, run_id, children)
    assert run_of(desk, run_id).first_failed_gate == "completeness"
    assert "not ingested" in promotion.promote_check(desk, run_id).sentence


def test_a_lineages_trials_add_up(desk: Desk) -> None:
    first = finish_run(desk)
    finish_run(desk, found=make_candidates(3, tag="b"), **SECOND)  # type: ignore[arg-type]
    run = run_of(desk, first)
    with desk.read() as tx:
        assert ledger.of_run(tx, first).trials == TRIALS
    from omp.ops.ledger import trials

    total = trials(desk, str(run.lineage), n_bars=1764, periods_per_year=252.0)
    assert (total.trials, total.runs) == (2 * TRIALS, 2)
    assert total.luck_sharpe_annual == pytest.approx(1.589, abs=0.001)


def test_a_changed_file_fails_completeness(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk)
    directory = desk.workspace.run(run_id)
    path = next(directory.glob("hall_of_fame/cand_*/metrics.obfs"))
    data = bytearray(path.read_bytes())
    data[30] ^= 1
    path.write_bytes(bytes(data))
    go_on(desk, run_id, children)
    run = run_of(desk, run_id)
    assert (run.outcome, run.first_failed_gate) == ("refused", "completeness")


def test_changed_evidence_is_not_judged(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk)
    path = desk.workspace.run(run_id) / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b'"dsr":0.71', b'"dsr":0.99'))
    with pytest.raises(Damaged):
        promotion.advance(desk, run_id, children)


def test_the_sample_evidence_is_of_the_wire() -> None:
    assert run_evidence().schema_version == 1
