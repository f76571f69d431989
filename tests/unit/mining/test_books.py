"""The books of a search: exact counts, and a sample that depends on no order."""

import numpy as np
import pytest

from omp.mining.books import CandidateBook, CandidateRow, TrialBook, TrialRows


def rows(names: list[int], generation: int) -> TrialRows:
    n = len(names)
    return TrialRows(
        np.array([f"{one:032x}".encode() for one in names], dtype="S32"),
        np.full(n, generation, dtype=np.int64),
        np.array(names, dtype=np.int64) % 3,
        np.ones((n, 4)) * np.array(names)[:, None],
        np.ones((n, 4)),
    )


def test_beyond_the_limit_generation_0_and_the_smallest_hashes_are_kept() -> None:
    rng = np.random.default_rng(1)
    names = rng.permutation(1000).tolist()
    first, later = names[:20], names[20:]
    books = []
    for order in (later, list(reversed(later))):
        book = TrialBook(limit=50)
        book.add(rows(first, 0))
        for at in range(0, len(order), 70):
            book.add(rows(order[at : at + 70], 1 + at))
        assert book.distinct == 1000
        assert book.without_trades == sum(one % 3 == 0 for one in names)
        books.append(book.kept())
    assert books[0].behaviour.tolist() == books[1].behaviour.tolist()
    expected = sorted(first + sorted(later)[:30])
    assert [int(one, 16) for one in books[0].behaviour.tolist()] == expected
    assert books[0].block_sum[:, 0].tolist() == expected


def test_a_behaviour_counts_once() -> None:
    book = TrialBook()
    names = tuple(f"{one:032x}" for one in (5, 7, 5))
    assert book.first_seen(names).tolist() == [0, 1]
    book.add(rows([5, 7], 0))
    assert book.first_seen(names).size == 0
    assert book.distinct == 2


def candidate(sharpe: float, complexity: int, name: str) -> CandidateRow:
    return CandidateRow(
        name, name, name, 0, complexity, 30, 0.5, 2.0, 0.1, sharpe, 0.2, 1.5, 900, 0.0, 1.0, 0.0,
        3.0, "",
    )  # fmt: skip


def test_the_best_are_kept_and_all_are_counted() -> None:
    book = CandidateBook(limit=3)
    for at in range(20):
        book.add([candidate(0.01 * at, 2, f"c{at:02d}")])
    assert book.count == 20
    assert [one.candidate_id for one in book.kept()] == ["c19", "c18", "c17"]


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_of_equals_the_simpler_is_the_better(names: tuple[str, str]) -> None:
    book = CandidateBook()
    book.add([candidate(0.1, 2, names[0]), candidate(0.1, 1, names[1])])
    assert [one.candidate_id for one in book.best(2)] == [names[1], names[0]]
