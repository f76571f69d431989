"""How long Hypothesis plays with a state machine: a little in `./test`, much in `./test --long`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings

from omp.domain import failpoints

VARIABLE = "OMP_MACHINE_EXAMPLES"
"""How many sequences are tried of each machine, by `tests.long.state_machines`."""


def play(max_examples: int, steps: int) -> settings:
    """Settings of a machine.

    Args:
        max_examples: Sequences in `./test`.
        steps: Verbs in a sequence.
    """
    return settings(
        max_examples=int(os.environ.get(VARIABLE, max_examples)),
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


class Died(BaseException):
    """The process died at a fail-point; whatever it held in memory is gone."""


class _Grave:
    """In the place of `os` where fail-points are passed."""

    def getpid(self) -> int:
        return 0

    def kill(self, _pid: int, _signal: int) -> None:
        raise Died


@contextmanager
def dying_at(point: str | None) -> Iterator[None]:
    """Die at a fail-point, by a `Died` that nothing of the product catches."""
    kept, failpoints.os = failpoints.os, _Grave()  # type: ignore[assignment]
    failpoints._left.clear()
    if point is not None:
        failpoints._left[point] = 1
    try:
        yield
    finally:
        failpoints.os = kept
        failpoints._left.clear()
