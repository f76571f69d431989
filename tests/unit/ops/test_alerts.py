"""Alerts: one an episode, within a budget, silenced for a time, never twice."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.desks import hand_clock

from omp.daemon import health, recoveries
from omp.domain.errors import Conflict, InvalidInput
from omp.ops import alert_budget, alert_round, alert_trial, incidents, silences
from omp.ops.alert_targets import Target, send, targets
from omp.ops.desk import Desk
from omp.store import alerts as rows
from omp.store import meta
from omp.store.alerts import Alert

WRITTEN = {"cause": "c", "prevention": "p", "resolution": "it was mended"}
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Receiver:
    """Takes messages, or refuses them."""

    got: list[tuple[str, str, str, str]] = field(default_factory=list)
    refuse: frozenset[str] = frozenset()

    def __call__(self, target: Target, title: str, body: str, mark: str) -> str | None:
        if target.url in self.refuse:
            return "connection refused"
        self.got.append((target.url, title, body, mark))
        return None

    @property
    def titles(self) -> list[str]:
        return [one[1] for one in self.got]


@pytest.fixture
def told(desk: Desk) -> Desk:
    """A desk whose file names one address."""
    return with_alerts(desk, urls=("json://one.test",), min_severity="SEV-2")


def with_alerts(desk: Desk, **changes: object) -> Desk:
    alerts = replace(desk.settings.alerts, **changes)  # type: ignore[arg-type]
    return replace(desk, settings=replace(desk.settings, alerts=alerts))


def states(desk: Desk) -> list[tuple[str, str]]:
    every = ("waiting", "sending", "unconfirmed", "sent", "silenced", "unsent", "given_up")
    with desk.read() as tx:
        return [(one.kind, one.state) for one in rows.find(tx, every)]


def test_an_episode_is_told_once_and_its_end_once(told: Desk) -> None:
    receiver = Receiver()
    first = incidents.open_incident(told, "a:x", "SEV-1", "a is broken")
    for _ in range(5):
        incidents.open_incident(told, "a:x", "SEV-1", "a is broken")
    assert alert_round.tell(told, sender=receiver).sent == 1
    assert receiver.got[0][1] == f"OMP SEV-1 {first.id}"
    assert "a is broken" in receiver.got[0][2]
    incidents.recover(told, first.id, "it answers again")
    incidents.recover(told, first.id, "it answers again")
    incidents.resolve(told, first.id, **WRITTEN)
    assert alert_round.tell(told, sender=receiver).sent == 1
    assert receiver.got[1][2].startswith("over: it answers again")
    assert receiver.got[1][3] == "ends"
    assert alert_round.tell(told, sender=receiver).sent == 0


def test_an_incident_closed_without_having_passed_is_told_as_closed(told: Desk) -> None:
    receiver = Receiver()
    found = incidents.open_incident(told, "a:x", "SEV-1", "a is broken")
    incidents.resolve(told, found.id, **WRITTEN)
    alert_round.tell(told, sender=receiver)
    assert [one[2].splitlines()[0] for one in receiver.got] == [
        "a is broken",
        "closed: it was mended",
    ]


def test_what_comes_back_is_a_new_episode_of_the_same_incident(told: Desk) -> None:
    receiver = Receiver()
    found = incidents.open_incident(told, "a:x", "SEV-2", "broken")
    alert_round.tell(told, sender=receiver)
    incidents.recover(told, found.id, "fine")
    again = incidents.open_incident(told, "a:x", "SEV-2", "broken once more")
    assert (again.id, again.episode, again.occurrences, again.recovered_at) == (
        found.id,
        2,
        2,
        None,
    )
    alert_round.tell(told, sender=receiver)
    assert [one[2].split("\n")[0] for one in receiver.got] == [
        "broken",
        "over: fine",
        "again: broken",
    ]


def test_a_worse_turn_is_told(told: Desk) -> None:
    receiver = Receiver()
    incidents.open_incident(told, "a", "SEV-2", "s")
    incidents.open_incident(told, "a", "SEV-0", "s")
    alert_round.tell(told, sender=receiver)
    assert sorted(one[1][:9] for one in receiver.got) == ["OMP SEV-0", "OMP SEV-2"]


def test_milder_incidents_are_nobodys_news(desk: Desk) -> None:
    at = with_alerts(desk, min_severity="SEV-1")
    found = incidents.open_incident(at, "a", "SEV-2", "s")
    incidents.resolve(at, found.id, **WRITTEN)
    assert states(at) == []


def test_a_silence_lasts_for_its_time_and_covers_its_kind(told: Desk) -> None:
    silence = silences.silence(told, "watchdog.disk", length="2h", reason="I move the data")
    quiet = incidents.open_incident(told, "watchdog.disk:miner", "SEV-1", "full")
    incidents.open_incident(told, "watchdog.disks:miner", "SEV-1", "another kind")
    incidents.open_incident(told, "watchdog.disk:grave", "SEV-0", "told all the same")
    assert states(told) == [("opened", "silenced"), ("opened", "waiting"), ("opened", "waiting")]
    incidents.resolve(told, quiet.id, **WRITTEN)
    assert len(states(told)) == 3, "the end of what nobody was told of was told"
    hand_clock(told).wait(2 * 3600 + 1)
    assert silences.listed(told) == ()
    incidents.open_incident(told, "watchdog.disk:miner", "SEV-1", "full")
    assert states(told)[-1] == ("opened", "waiting")
    with pytest.raises(Conflict, match="over already"):
        silences.lift(told, silence.id)


def test_one_incident_can_be_silenced_whatever_it_is(told: Desk) -> None:
    found = incidents.open_incident(told, "a", "SEV-0", "s")
    silence = silences.silence(told, found.id, length="1d", reason="seen")
    incidents.recover(told, found.id, "fine")
    incidents.open_incident(told, "a", "SEV-0", "s")
    assert states(told) == [("opened", "waiting"), ("recovered", "waiting"), ("again", "silenced")]
    silences.lift(told, silence.id)
    assert silences.listed(told) == ()


@pytest.mark.parametrize(
    ("kind", "length", "reason"),
    [
        ("a", "two hours", "r"),
        ("a", "31d", "r"),
        ("a", "0h", "r"),
        ("a b", "2h", "r"),
        ("a", "2h", " "),
    ],
)
def test_a_silence_that_cannot_be_is_refused(
    desk: Desk, kind: str, length: str, reason: str
) -> None:
    with pytest.raises(InvalidInput):
        silences.silence(desk, kind, length=length, reason=reason)


def alert(seq: int, severity: str = "SEV-2", state: str = "waiting") -> Alert:
    return Alert(
        seq, f"k{seq}", f"INC-{seq}", "opened", severity, "s", "", state, 0, (), None, None
    )


@pytest.mark.parametrize(
    ("waiting", "sent", "budget", "singles", "digest"),
    [
        (3, 0, 10, 3, 0),
        (10, 0, 10, 10, 0),
        (11, 0, 10, 9, 2),
        (100, 0, 10, 9, 91),
        (1, 9, 10, 1, 0),
        (2, 9, 10, 0, 2),
        (5, 10, 10, 0, 0),
        (1, 0, 1, 1, 0),
        (2, 0, 1, 0, 2),
    ],
)
def test_the_budget(waiting: int, sent: int, budget: int, singles: int, digest: int) -> None:
    before = [NOW - timedelta(minutes=one + 1) for one in range(sent)]
    found = alert_budget.plan([alert(one) for one in range(waiting)], before, NOW, budget)
    assert (len(found.singles), len(found.digest)) == (singles, digest)


def test_the_gravest_go_first_and_a_sev_0_does_not_wait_for_the_hour() -> None:
    spent = [NOW - timedelta(minutes=1)] * 2
    mixed = [alert(1), alert(2, "SEV-0"), alert(3, "SEV-1")]
    assert [one.seq for one in alert_budget.plan(mixed, [], NOW, 2).singles] == [2]
    assert [one.seq for one in alert_budget.plan(mixed, spent, NOW, 2).singles] == [2]
    assert alert_budget.plan(mixed, spent * 2, NOW, 2).singles == ()
    assert alert_budget.spent([NOW - timedelta(hours=1), NOW], NOW) == 1


def test_a_storm_is_told_within_the_budget_and_nothing_is_left_out(told: Desk) -> None:
    at, receiver = with_alerts(told, budget_per_hour=3), Receiver()
    names = [incidents.open_incident(at, f"a:{one}", "SEV-2", f"s{one}").id for one in range(50)]
    for _ in range(5):
        alert_round.tell(at, sender=receiver)
    assert len(receiver.got) == 3
    assert "48 alerts" in receiver.titles[2]
    late = [incidents.open_incident(at, f"b:{one}", "SEV-2", f"t{one}").id for one in range(2)]
    assert alert_round.tell(at, sender=receiver).sent == 0
    hand_clock(at).wait(3601)
    assert alert_round.tell(at, sender=receiver).sent == 2
    told_of = " ".join(one[1] + one[2] for one in receiver.got)
    assert [one for one in late if one not in told_of] == []
    assert len([one for one in names if one in told_of]) >= 42  # a digest lists 40, and counts all
    assert {state for _, state in states(at)} == {"sent"}


def test_each_address_gets_it_once_though_another_is_away(told: Desk) -> None:
    at = with_alerts(told, urls=("json://one.test", "json://two.test"))
    receiver = Receiver(refuse=frozenset({"json://two.test"}))
    incidents.open_incident(at, "a", "SEV-1", "s")
    for _ in range(3):
        found = alert_round.tell(at, sender=receiver)
    assert (found.waiting, [one[0] for one in receiver.got]) == (1, ["json://one.test"])
    assert "connection refused" in str(found.error)
    receiver.refuse = frozenset()
    assert alert_round.tell(at, sender=receiver).waiting == 0
    assert [one[0] for one in receiver.got] == ["json://one.test", "json://two.test"]
    hand_clock(at).wait(1)
    assert alert_round.tell(at, sender=receiver).sent == 0


def test_what_cannot_be_told_for_a_day_is_given_up(told: Desk) -> None:
    receiver = Receiver(refuse=frozenset({"json://one.test"}))
    incidents.open_incident(told, "a", "SEV-1", "s")
    assert alert_round.tell(told, sender=receiver).error is not None
    hand_clock(told).wait(86_401)
    assert alert_round.tell(told, sender=receiver).waiting == 0
    assert states(told) == [("opened", "given_up")]


def test_what_was_under_way_in_a_crash_is_not_sent_again_but_named(told: Desk) -> None:
    receiver = Receiver()
    found = incidents.open_incident(told, "a", "SEV-1", "s")
    with told.db.write() as tx:
        rows.change(tx, [1], state="sending")
    assert alert_round.tell(told, sender=receiver).sent == 0
    assert alert_round.recall(told) == 1
    assert alert_round.tell(told, sender=receiver).sent == 1
    ((_, title, body, _),) = receiver.got
    assert title.startswith("OMP: 1 alert")
    assert f"{found.id} s (you may have received this already)" in body
    assert alert_round.tell(told, sender=receiver).sent == 0


def test_without_an_address_nothing_is_kept_for_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_ALERT_URLS", raising=False)
    from omp.daemon.channels.alerts import CHANNEL

    incidents.open_incident(desk, "a", "SEV-1", "s")
    assert not CHANNEL.ready(desk)
    assert states(desk) == [("opened", "unsent")]
    with pytest.raises(InvalidInput, match="nobody to tell"):
        alert_trial.send_trial(desk)
    monkeypatch.setenv("OMP_ALERT_URLS", "json://one.test json://two.test")
    assert [one.url for one in targets(desk)] == ["json://one.test", "json://two.test"]


def test_no_message_shows_what_is_secret_in_an_address() -> None:
    target = Target("json://user:hunter2secret@127.0.0.1:1/tokenpath")
    why = send(target, "t", "b", "note")
    assert why is not None
    for text in (why, target.name):
        assert "hunter2secret" not in text
        assert "tokenpath" not in text
    assert "apprise knows no service" in str(send(Target("nothing://x"), "t", "b", "note"))


def health_of(desk: Desk, **checks: bool) -> None:
    listed = [{"name": name, "ok": ok, "sentence": ""} for name, ok in checks.items()]
    with desk.db.write() as tx:
        meta.put_json(tx, health.KEY, {"ok": True, "checks": listed, "at": desk.clock.iso()})


def test_an_episode_ends_when_its_trouble_has_passed(told: Desk) -> None:
    health_of(told, disk=True)
    found = incidents.open_incident(told, "watchdog.disk:miner", "SEV-1", "full")
    assert recoveries.look(told) == 0, "judged by a check from before it was seen"
    health_of(told, disk=False)
    assert recoveries.look(told) == 0
    health_of(told, disk=True)
    assert recoveries.look(told) == 1
    assert recoveries.look(told) == 0
    after = incidents.get(told, found.id)
    assert (after.state, after.recovered_at is not None) == ("open", True)
    assert states(told) == [("opened", "waiting"), ("recovered", "waiting")]
