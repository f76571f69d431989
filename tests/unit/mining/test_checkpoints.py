"""The checkpoint log: exact after every generation, cut where torn, refused where it lies."""

import shutil
from pathlib import Path

import pytest

from omp.config.campaign_file import parse_campaign
from omp.domain.errors import Damaged
from omp.market.splits import boundary_index
from omp.market.synthetic import generate, parse_recipe
from omp.mining.checkpoints import LOG_NAME, Checkpoints, records
from omp.mining.plan import Plan, make_plan
from omp.mining.search import RunResult, Search
from omp.mining.sentinel import Sentinel
from omp.mining.tables import candidates_parquet, trials_parquet

CAMPAIGN = """
[campaign]
name = "Log"
market = "synthetic"
[data]
source = "any"
[search]
population = 150
generations = 12
[strategy]
stops = ["stop_loss", "trailing", "max_bars"]
"""


def files(result: RunResult) -> tuple[bytes, bytes]:
    return candidates_parquet(result.candidates), trials_parquet(result.trials)


def finish(search: Search) -> tuple[bytes, bytes]:
    while not search.finished:
        search.advance(search.ask())
    return files(search.result())


@pytest.fixture(scope="module")
def plan() -> Plan:
    whole = generate(parse_recipe("null,n_bars=1200,n_symbols=2", 3)).panel
    boundary_ns = int(whole.timestamp[boundary_index(len(whole), 0.3)])
    campaign = parse_campaign(CAMPAIGN, name="log.toml")
    panel = whole.window(0, boundary_ns - 1)
    return make_plan(campaign, panel, boundary_ns=boundary_ns, seed=5)


@pytest.fixture(scope="module")
def logged(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int], object]:
    """A log of a whole search, the byte at which each record ends, and what the search found."""
    kept = Checkpoints(tmp_path_factory.mktemp("log") / "checkpoint", {"seed": 5})
    search, sentinel, ends = Search(plan), Sentinel(plan), []
    while not search.finished:
        step = search.advance(search.ask(), inspect=sentinel.inspect)
        kept.save(search, sentinel, step, 1.0)
        ends.append(kept.log.stat().st_size)
    return kept.folder, ends, files(search.result())


@pytest.mark.parametrize("tail", [0, 1, 500])
def test_restored_after_any_generation_it_ends_in_the_same_bytes(
    plan: Plan, logged: tuple[Path, list[int], object], tmp_path: Path, tail: int
) -> None:
    folder, ends, expected = logged
    whole = (folder / LOG_NAME).read_bytes()
    for generation, end in list(enumerate(ends))[tail % 3 :: 3]:
        copy = tmp_path / str(generation)
        shutil.copytree(folder, copy)
        (copy / LOG_NAME).write_bytes(whole[: end + tail])
        restored = Checkpoints(copy, {"seed": 5}).restore(plan)
        assert restored is not None
        search, _, elapsed_s, known = restored
        assert (search.generation, elapsed_s) == (generation + 1, 1.0)
        assert known[generation][1] == search.distinct
        assert (copy / LOG_NAME).stat().st_size == end
        assert finish(search) == expected


def test_a_log_that_is_wrong_before_its_end_is_refused(
    plan: Plan, logged: tuple[Path, list[int], object], tmp_path: Path
) -> None:
    folder, ends, _ = logged
    copy = tmp_path / "checkpoint"
    shutil.copytree(folder, copy)
    spoiled = bytearray((copy / LOG_NAME).read_bytes())
    spoiled[ends[3] - 5] ^= 1
    (copy / LOG_NAME).write_bytes(spoiled)
    with pytest.raises(Damaged, match="generation 0"):
        Checkpoints(copy, {"seed": 5}).restore(plan)


def test_what_is_written_grows_with_the_trials_alone(
    logged: tuple[Path, list[int], object],
) -> None:
    """No record holds what an earlier one held: sizes of later generations do not grow."""
    folder, ends, _ = logged
    sizes = [len(one) for one in records(folder / LOG_NAME)]
    assert len(sizes) == len(ends)
    assert max(sizes[7:]) < 1.5 * max(sizes[1:7])
