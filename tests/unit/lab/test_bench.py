"""The bench asserts equal results before it times anything, and reaches what it says."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from omp.cli.omp import run as omp
from omp.domain.errors import Damaged, InvalidInput
from omp.engine.evaluator import Evaluator
from omp.lab.bench import fills, overfit
from omp.lab.bench.clock import Contestant, race
from omp.lab.bench.mix import COSTS, GRAMMAR, draw_rules, make_question
from omp.lab.bench.page import write_page
from omp.lab.bench.peers import PEERS, Answer, Peer, quieten
from omp.lab.bench.program import bench
from omp.lab.bench.table import Row, Table

TINY = fills.Size(n_bars=600, populations=1, loop=7.0, loop_stops=5.0, oracle=1)


@pytest.mark.parametrize("stops", [False, True])
def test_a_tiny_race_of_everybody_agrees(stops: bool) -> None:
    quieten()
    table = fills.table(TINY, PEERS, 1, stops=stops, genomes=30)
    names = [one.name for one in table.rows]
    assert names[:3] == [fills.OURS, fills.LOOP, fills.COLUMNS]
    assert stops or {one.name for one in PEERS} <= set(names)
    assert all(one.value > 0 for one in table.rows)
    assert "median" in table.text()
    assert "seed" in table.facts[0]


def _wrong(answer: Callable[..., Answer], field: str, by: float) -> Callable[..., Answer]:
    def said(*words: object) -> Answer:
        right = answer(*words)
        return replace(right, **{field: getattr(right, field) + by})

    return said


@pytest.mark.parametrize(
    ("field", "by"), [("trades", 1.0), ("sharpe", 1e-6), ("max_drawdown", 1e-6)]
)
def test_a_wrong_answer_of_a_peer_stops_the_bench(field: str, by: float) -> None:
    right = next(one for one in PEERS if one.package == "raptorbt")
    wrong: Peer = replace(right, answer=_wrong(right.answer, field, by))
    with pytest.raises(Damaged, match=right.name):
        fills.table(TINY, [wrong], 1, stops=False, genomes=20)


@pytest.mark.parametrize("field", ["sharpe", "sharpe_x", "block_sum", "block_sum_sq", "exposure"])
def test_a_wrong_answer_of_ours_stops_the_bench(field: str) -> None:
    question, draw = make_question(600), draw_rules(20, 0, stops=False)
    right = Evaluator(question.panel, GRAMMAR, COSTS).evaluate(question.population(draw))
    fills.check(question, draw, right)
    wrong = replace(right, **{field: getattr(right, field) * (1.0 + 1e-5) + 1e-7})
    with pytest.raises(Damaged, match="evaluate"):
        fills.check(question, draw, wrong)


def test_no_population_is_asked_twice_and_every_rule_is_of_the_mix() -> None:
    one, other = draw_rules(200, 1, stops=True), draw_rules(200, 2, stops=True)
    assert not np.array_equal(one.chosen, other.chosen)
    assert ((one.count >= 2) & (one.count <= 4)).all()
    assert ((one.levels > 0).any(axis=1)).all()
    population = make_question(600).population(one)
    assert len({*map(tuple, population.identity.tolist())}) == 200
    assert (population.count == one.count).all()


def test_the_clock_takes_the_ratio_of_each_round_and_then_the_median() -> None:
    work = [
        Contestant("short", lambda _: sum(range(20_000)), 1),
        Contestant("long", lambda _: sum(range(200_000)), 1),
    ]
    short, long = race(work, 5)
    median, least = long.against(short)
    assert len(short.seconds) == 5
    assert 4 < median < 25
    assert least <= median


def test_pbo_is_compared_with_phacker_after_equal_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    (table,) = overfit.tables(1, (40,))
    assert "phacker" in table.rows[-1].name
    right = overfit.pbo_from_block_sums

    def wrong(*words: object) -> object:
        found = right(*words)  # type: ignore[arg-type]
        return replace(found, logits=found.logits + 1e-6)

    monkeypatch.setattr(overfit, "pbo_from_block_sums", wrong)
    with pytest.raises(Damaged, match="logit"):
        overfit.tables(1, (40,))


def test_missing_peers_are_named_and_the_rest_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "omp.lab.bench.fills.installed", lambda: ([], [replace(PEERS[0], package="nowhere")])
    )
    monkeypatch.setattr("omp.lab.bench.fills.SIZES", (TINY,))
    assert omp(["bench", "--only", "kernel", "--quick"]) == 0
    told = capsys.readouterr()
    assert "vectorbt, Portfolio is not installed" in told.err
    assert "./test" in told.err
    assert "plain numba loop" in told.out
    assert "omp, the rules as long_short" in told.out


def test_unknown_sections_and_half_pages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="speed"):
        bench(only=["speed"])
    with pytest.raises(InvalidInput, match="part of the bench"):
        bench(quick=True, write=tmp_path / "page.md")


def test_the_page_shows_every_row_and_what_is_not_met(tmp_path: Path) -> None:
    rows = (Row("ours", 1.0), Row("theirs", 5.0, 4.0, (5.0, 4.5), "≥ 7×", False, "20 rules"))
    page = tmp_path / "benchmarks.md"
    write_page(page, [Table("kernel", "Kernel", "µs", rows)], "the profile")
    text = page.read_text()
    assert "| theirs | 5 | 4 | 5 | 4.5 | ≥ 7×: not met | 20 rules |" in text
    assert "- Kernel, theirs: ≥ 7×" in text
    assert "the profile" in text


def test_missed_bars_of_ours_are_explained(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    rows = (Row("plain numba loop, columns combined first", 20.0, bar="≥ 5×", met=False),)
    tables = [Table("kernel", f"Kernel, {n} bars, with stops", "µs", rows) for n in (1, 2)]
    write_page(page, tables, "the profile")
    text = page.read_text()
    assert " ".join(text.split()).count("6 to account for it") == 1
    assert text.index("columns first pays") < text.index("the profile")
    assert "Amdahl" not in text
