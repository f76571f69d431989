"""People, told through apprise: by mail, chat or phone, whatever the addresses say."""

from omp.daemon.channels.base import Channel, Round
from omp.ops import alert_round
from omp.ops.alert_targets import targets
from omp.ops.desk import Desk
from omp.store import alerts


def begin(desk: Desk) -> None:
    """Take up what an earlier daemon left under way."""
    alert_round.recall(desk)


def ready(desk: Desk) -> bool:
    """There is somebody to tell, and something to tell."""
    if not targets(desk):
        alert_round.forget(desk)
        return False
    with desk.read() as tx:
        return alerts.count(tx, alerts.PENDING) > 0


def deliver(desk: Desk) -> Round:
    """Tell what the budget allows."""
    told = alert_round.tell(desk)
    return Round(told.sent, told.waiting, told.error)


CHANNEL = Channel(name="alerts", ready=ready, deliver=deliver, begin=begin)
