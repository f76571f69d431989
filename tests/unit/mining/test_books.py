"""The books of a search: exact counts, and a sample that depends on no order."""

from dataclasses import replace

import numpy as np
import pytest

from omp.engine.codebook import Codebook
from omp.engine.grammar import Grammar
from omp.engine.population import Population
from omp.engine.strategy import genome_hash, to_strategy
from omp.mining.books import TrialBook, TrialRows
from omp.mining.candidates import CandidateBook, Candidates
from omp.mining.columns import hash_names, hash_values, pack, unpack
from omp.mining.names import Writer, hashes
from omp.mining.seen import Seen
from omp.wire.canonical import canonical


def behaviours(numbers: list[int]) -> np.ndarray:
    pairs = [(one >> 64, one & (2**64 - 1)) for one in numbers]
    return np.array(pairs, dtype=np.uint64).reshape(-1, 2)


def rows(numbers: list[int], generation: int) -> TrialRows:
    n = len(numbers)
    return TrialRows(
        behaviours(numbers),
        np.full(n, generation, dtype=np.int64),
        np.array([one % 3 for one in numbers], dtype=np.int64),
        np.ones((n, 4)) * np.array(numbers, dtype=np.float64)[:, None],
        np.ones((n, 4)),
    )


@pytest.mark.parametrize("shift", [0, 60])
def test_beyond_the_limit_generation_0_and_the_smallest_hashes_are_kept(shift: int) -> None:
    rng = np.random.default_rng(1)
    names = [one << shift for one in rng.permutation(1000).tolist()]
    first, later = names[:20], names[20:]
    books = []
    for order in (later, list(reversed(later))):
        book = TrialBook(limit=50)
        dropped = 0
        for generation, at in enumerate(range(-70, len(order), 70)):
            some = first if at < 0 else order[at : at + 70]
            given = behaviours(some)
            assert book.first_seen(given).tolist() == list(range(len(some)))
            keep = book.may_keep(given, generation)
            dropped += int((~keep).sum())
            book.add(rows([one for one, yes in zip(some, keep, strict=True) if yes], generation))
        assert book.distinct == 1000
        assert dropped > 500
        books.append(book.kept())
    expected = sorted(first + sorted(later)[:30])
    for book_rows in books:
        assert [int(one, 16) for one in hash_names(book_rows.behaviour)] == expected
        assert book_rows.block_sum[:, 0].tolist() == [float(one) for one in expected]


def test_a_behaviour_counts_once() -> None:
    book = TrialBook()
    assert book.first_seen(behaviours([5, 7, 5])).tolist() == [0, 1]
    assert book.first_seen(behaviours([7, 5])).size == 0
    assert book.distinct == 2


def test_the_set_of_behaviours_is_exact_while_it_grows() -> None:
    """Against Python's own set: repeats, the hash 0, equal halves, several growths."""
    rng = np.random.default_rng(2)
    seen, plain = Seen(), set()
    for size in (0, 1, 5_000, 3, 40_000, 40_000):
        some = rng.integers(0, 60, (size, 2), dtype=np.uint64)
        some[: size // 2] = rng.integers(0, 2**64, (size // 2, 2), dtype=np.uint64)
        expected = []
        for i, one in enumerate(map(tuple, some.tolist())):
            if one not in plain:
                plain.add(one)
                expected.append(i)
        assert seen.first(some).tolist() == expected
        assert len(seen) == len(plain)
    assert (0, 0) in plain


def candidates(sharpe: list[float], complexity: list[int], numbers: list[int]) -> Candidates:
    grammar = Grammar(("rsi",))
    rng = np.random.default_rng(0)
    genomes = [grammar.random_genome(rng) for _ in sharpe]
    some = np.zeros(len(sharpe))
    whole = np.array(complexity, dtype=np.int64)
    return Candidates(
        Population.of(genomes, Codebook(grammar)), behaviours(numbers), whole * 0, whole,
        whole * 30, some, some, some, np.array(sharpe), some, some,
    )  # fmt: skip


@pytest.mark.parametrize("step", [1, 4, 20])
def test_the_best_are_kept_in_any_order(step: int) -> None:
    order = np.random.default_rng(3).permutation(20).tolist()
    book = CandidateBook(Codebook(Grammar(("rsi",))), limit=3, first_limit=0)
    for at in range(0, 20, step):
        sharpe = np.array([0.01 * one for one in order[at : at + step]])
        keep = book.may_keep(sharpe)
        if keep.any():
            numbers = [one for one, yes in zip(order[at : at + step], keep, strict=True) if yes]
            book.add(candidates(sharpe[keep].tolist(), [2] * len(numbers), numbers))
    assert book.kept().behaviour[:, 1].tolist() == [19, 18, 17]


def test_the_best_of_generation_0_stay_whatever_comes_later() -> None:
    book = CandidateBook(Codebook(Grammar(("rsi",))), limit=3, first_limit=2)
    book.add(candidates([0.01, 0.03, 0.02], [2] * 3, [1, 3, 2]))
    for at in range(10, 30):
        found = candidates([0.1 * at], [2], [at])
        book.add(replace(found, generation=found.generation + 1))
    assert book.kept().behaviour[:, 1].tolist() == [29, 28, 27, 3, 2]


@pytest.mark.parametrize("numbers", [[1, 2], [2, 1]])
def test_of_equals_the_simpler_is_the_better_then_the_smaller_hash(numbers: list[int]) -> None:
    book = CandidateBook(Codebook(Grammar(("rsi",))))
    book.add(candidates([0.1, 0.1], [2, 1], numbers))
    assert book.kept().complexity.tolist() == [1, 2]
    book = CandidateBook(Codebook(Grammar(("rsi",))))
    book.add(candidates([0.1, 0.1], [2, 2], numbers))
    assert book.kept().behaviour[:, 1].tolist() == [1, 2]


@pytest.mark.parametrize("direction", ["long", "short", "long_short"])
def test_many_genomes_are_written_as_each_alone(direction: str) -> None:
    grammar = Grammar(direction=direction, max_conditions=4)
    rng = np.random.default_rng(5)
    genomes = [grammar.random_genome(rng) for _ in range(300)]
    symbols, timeframe = ("MSFT", "AAPL"), "1d"
    texts = Writer(Population.of(genomes, Codebook(grammar)), symbols, timeframe).texts()
    assert texts == [canonical(to_strategy(g, symbols, timeframe)).decode() for g in genomes]
    assert hashes(texts) == [genome_hash(g, symbols, timeframe) for g in genomes]


def test_columns_and_hashes_come_back_the_same() -> None:
    rng = np.random.default_rng(7)
    given = {
        "numbers": rng.integers(0, 2**63, (5, 2), dtype=np.uint64),
        "flags": np.array([True, False]),
        "none": np.empty((0, 3)),
    }
    head, found = unpack(pack({"a": [1, None, 0.1]}, given))
    assert head == {"a": [1, None, 0.1]}
    assert {name: one.dtype for name, one in found.items()} == {
        name: one.dtype for name, one in given.items()
    }
    assert all(np.array_equal(found[name], given[name]) for name in given)
    with pytest.raises(ValueError, match="too many"):
        unpack(pack({}, given) + b"x")
    names = hash_names(given["numbers"])
    assert all(len(one) == 32 for one in names)
    assert np.array_equal(hash_values(names), given["numbers"])
    with pytest.raises(ValueError, match="32"):
        hash_values(["abc"])
