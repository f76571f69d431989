"""Finished runs that wait to be judged: mining must not outrun the judging without bound."""

from omp.ops import promotion
from omp.ops.desk import Desk
from omp.store import runs


def unjudged(desk: Desk, beyond: int) -> int:
    """How many finished runs the judging could take further now.

    A run that waits for a person does not count: its promotion failed too often, an incident holds
    it, or it waits for a signature. Else mining would wait for people, and might wait for ever.

    Args:
        beyond: Where no more runs than this are unjudged at all, nobody asks what they wait for.
    """
    most = at_most(desk)
    return most if most <= beyond else len(promotion.pending(desk))


def at_most(desk: Desk) -> int:
    """The same with those that wait for a person: a bound that costs one small question."""
    with desk.read() as tx:
        return runs.count_unjudged(tx)
