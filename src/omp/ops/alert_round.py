"""One round of telling people: what waits goes out within the budget, and nothing goes out twice.

A message is marked as under way before it is sent, and as sent afterwards. When the daemon dies
between the two, nobody knows whether it arrived: it is not sent again, and the next digest names it
as one that may have been received.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from omp.domain.failpoints import hit
from omp.ops import alert_budget
from omp.ops.alert_targets import Target, send, targets
from omp.ops.alerts import ENDS
from omp.ops.desk import Desk
from omp.store import alerts as rows
from omp.store import meta
from omp.store.alerts import Alert

SENT_KEY = "alerts.sent"
"""Under this name the instants of the last messages are kept, for the budget."""

GIVE_UP = timedelta(hours=24)
MOST_LINES = 40
WORDS = {
    "opened": "",
    "again": "again: ",
    "raised": "worse: ",
    "recovered": "over: ",
    "closed": "closed: ",
    "test": "",
}

Sender = Callable[[Target, str, str, str], str | None]


@dataclass(frozen=True)
class Message:
    """One message, and the alerts it tells of."""

    alerts: tuple[Alert, ...]
    is_digest: bool


@dataclass(frozen=True)
class Told:
    """What a round did: messages sent, alerts still waiting, the last error."""

    sent: int
    waiting: int
    error: str | None


def recall(desk: Desk) -> int:
    """What a daemon that died left under way: kept apart, to be named in the next digest."""
    with desk.db.write() as tx:
        left = rows.find(tx, ("sending",))
        rows.change(tx, [one.seq for one in left], state="unconfirmed")
    return len(left)


def forget(desk: Desk) -> None:
    """Nobody is to be told: what waits is kept as unsent, so that it does not come out later."""
    with desk.read() as tx:
        if not rows.count(tx, rows.PENDING):
            return
    with desk.db.write() as tx:
        left = rows.find(tx, rows.PENDING)
        rows.change(tx, [one.seq for one in left], state="unsent")


def tell(desk: Desk, *, sender: Sender = send) -> Told:
    """Send what the budget allows."""
    now = desk.clock.now()
    _give_up(desk, now)
    with desk.read() as tx:
        waiting = rows.find(tx, rows.PENDING)
        sent = _instants(meta.get_json(tx, SENT_KEY))
    budget = desk.settings.alerts.budget_per_hour
    found = alert_budget.plan(waiting, sent, now, budget)
    messages = [Message((one,), is_digest=False) for one in found.singles]
    if found.digest:
        messages.append(Message(found.digest, is_digest=True))
    number, error = 0, None
    for message in messages:
        reached, why = _send(desk, message, sender, desk.clock.now())
        number += reached
        error = why or error
    with desk.read() as tx:
        return Told(number, rows.count(tx, rows.PENDING), error)


def _send(desk: Desk, message: Message, sender: Sender, now: datetime) -> tuple[bool, str | None]:
    """Send one message to every address that has not got it; whether any took it, and the error."""
    seqs = [one.seq for one in message.alerts]
    with desk.db.write() as tx:
        rows.change(tx, seqs, state="sending")
    hit("alert.before_send")
    reached: dict[int, set[str]] = {one.seq: set(one.reached) for one in message.alerts}
    errors: list[str] = []
    any_took_it = False
    wanted = targets(desk)
    for target in wanted:
        fresh = tuple(one for one in message.alerts if target.digest not in reached[one.seq])
        if not fresh:
            continue
        why = sender(target, *compose(desk, fresh, is_digest=message.is_digest))
        if why is None:
            any_took_it = True
            for one in fresh:
                reached[one.seq].add(target.digest)
        else:
            errors.append(f"{target.name}: {why}")
    hit("alert.after_send")
    _keep(desk, message, reached, {one.digest for one in wanted}, errors, took=any_took_it, now=now)
    return any_took_it, errors[-1] if errors else None


def _keep(
    desk: Desk,
    message: Message,
    reached: dict[int, set[str]],
    wanted: set[str],
    errors: list[str],
    *,
    took: bool,
    now: datetime,
) -> None:
    stamp = desk.clock.iso()
    error = errors[-1] if errors else None
    is_news = error is not None and any(one.last_error != error for one in message.alerts)
    with desk.write() as tx:
        for one in message.alerts:
            done = wanted <= reached[one.seq]
            rows.change(
                tx,
                [one.seq],
                state="sent" if done else one.state,
                attempts=one.attempts + 1,
                reached=sorted(reached[one.seq]),
                told_at=stamp if reached[one.seq] else one.told_at,
                last_error=None if done else error,
            )
        if took:
            before = _instants(meta.get_json(tx, SENT_KEY))
            recent = [one for one in before if now - one < alert_budget.HOUR]
            meta.put_json(tx, SENT_KEY, [one.isoformat() for one in (*recent, now)])
            named = [one.incident_id or one.key for one in message.alerts][:MOST_LINES]
            facts = {"incidents": named, "number": len(message.alerts)}
            desk.note(tx, "alert.sent", named[0], {**facts, "digest": message.is_digest})
        if is_news:
            desk.note(tx, "alert.failed", "alerts", {"why": error})


def _give_up(desk: Desk, now: datetime) -> None:
    """An alert that could not be told for a day is no news any more."""
    with desk.read() as tx:
        old = [
            one.seq
            for one in rows.find(tx, rows.PENDING)
            if one.last_error and now - datetime.fromisoformat(one.created_at) > GIVE_UP
        ]
    if old:
        with desk.db.write() as tx:
            rows.change(tx, old, state="given_up")


def compose(desk: Desk, found: Sequence[Alert], *, is_digest: bool) -> tuple[str, str, str]:
    """Title, body and mark of a message."""
    where = desk.workspace.root
    footer = f"\n\nworkspace {where}\nomp incidents list shows what is open."
    if not is_digest and len(found) == 1:
        one = found[0]
        name = f" {one.incident_id}" if one.incident_id else ""
        title = f"OMP {one.severity}{name}" if one.kind != "test" else "OMP: a test"
        body = f"{WORDS[one.kind]}{one.summary}\n{one.created_at}{footer}"
        return title, body, _mark(one)
    lines = [_line(one) for one in found[:MOST_LINES]]
    if len(found) > MOST_LINES:
        lines.append(f"… and {len(found) - MOST_LINES} more")
    worst = min(found, key=lambda one: one.severity)
    title = f"OMP: {len(found)} alerts, the gravest {worst.severity}"
    return title, "\n".join(lines) + footer, _mark(worst)


def _line(one: Alert) -> str:
    unsure = " (you may have received this already)" if one.state == "unconfirmed" else ""
    return f"{one.severity} {one.incident_id or ''} {WORDS[one.kind]}{one.summary}{unsure}"


def _mark(one: Alert) -> str:
    if one.kind == "test":
        return "note"
    if one.kind in ENDS:
        return "ends"
    return "grave" if one.severity == "SEV-0" else "begins"


def _instants(kept: object) -> tuple[datetime, ...]:
    return tuple(datetime.fromisoformat(str(one)) for one in kept) if isinstance(kept, list) else ()
