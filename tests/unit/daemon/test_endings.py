"""What exit codes mean for a run."""

import pytest

from omp.daemon.endings import ended_by
from omp.wire.lines import Event


@pytest.mark.parametrize(
    ("code", "again", "words"),
    [
        (0, False, "without a finished run directory"),
        (1, False, "exit code 1"),
        (2, False, "bad configuration"),
        (3, False, "data not ready"),
        (4, True, "resources ran short"),
        (7, False, "exit code 7"),
        (8, False, "two results"),
        (130, True, "after a checkpoint"),
        (-9, True, "SIGKILL"),
        (-99, True, "signal 99"),
        (None, True, "was gone"),
    ],
)
def test_the_table(code: int | None, again: bool, words: str) -> None:
    verdict = ended_by(code, None, "mine")
    assert verdict.again is again
    assert words in verdict.cause


def test_the_childs_own_sentence_is_kept_within_bounds() -> None:
    said = Event("error", "now", {"message": "gaps in AAA" + "!" * 9000})
    cause = ended_by(3, said, "mine").cause
    assert "gaps in AAA" in cause
    assert len(cause) < 2100
