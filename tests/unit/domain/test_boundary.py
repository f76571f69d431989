"""Where the sealed window of joined lineages begins."""

import pytest

from omp.domain.boundary import standing


@pytest.mark.parametrize(
    ("cuts", "holds"),
    [
        ([(2025, False)], 2025),
        ([(2025, False), (2020, False)], 2020),
        ([(2025, True), (2020, False)], 2025),
        ([(2020, True), (2025, False)], 2020),
        ([(2022, True), (2025, True), (2019, False)], 2025),
    ],
)
def test_the_earliest_holds_but_an_opened_one_never_goes_back(cuts, holds: int) -> None:
    assert standing(cuts) == holds
    assert standing(cuts[::-1]) == holds
