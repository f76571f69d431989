"""PBO: 12,870 splits of many rules, beside phacker's C++."""

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from omp.engine.fills import Float
from omp.engine.seeds import stream
from omp.lab.bench.clock import Contestant, race
from omp.lab.bench.mix import N_BLOCKS, SEED
from omp.lab.bench.table import Table, raced
from omp.lab.bench.verify import require_close
from omp.stats import pbo_from_block_sums, probability_of_backtest_overfitting

BAR = 4.0
_BLOCK_BARS = 20  # as short as may be, so that phacker spends its time on the splits
_PHACKER = "phacker, C++"


def tables(rounds: int, sizes: tuple[int, ...] = (1_000, 2_000)) -> list[Table]:
    """One table for each number of rules."""
    return [_table(size, rounds) for size in sizes]


def phacker_version() -> str | None:
    """The installed version, None where it is missing."""
    try:
        return version("phacker")
    except PackageNotFoundError:
        return None


def _table(size: int, rounds: int) -> Table:
    returns = stream(SEED, size).normal(0.0, 0.01, (N_BLOCKS * _BLOCK_BARS, size))
    blocks = returns.reshape(N_BLOCKS, _BLOCK_BARS, size)
    sums = np.ascontiguousarray(blocks.sum(axis=1).T)
    squares = np.ascontiguousarray((blocks * blocks).sum(axis=1).T)
    lengths = np.full(N_BLOCKS, _BLOCK_BARS)
    ours = pbo_from_block_sums(sums, squares, lengths)
    racers = [
        Contestant(
            "omp.stats, from block sums", lambda _: pbo_from_block_sums(sums, squares, lengths), 1
        ),
        Contestant(
            "omp.stats, from returns",
            lambda _: probability_of_backtest_overfitting(returns, N_BLOCKS),
            1,
        ),
    ]
    if phacker_version() is not None:
        cscv: Any = importlib.import_module("phacker.cscv").cscv
        share, logits = cscv(returns, N_BLOCKS)
        _require_same(ours.pbo, ours.logits, share, np.asarray(logits))
        racers.append(Contestant(_PHACKER, lambda _: cscv(returns, N_BLOCKS), 1))
    fact = (
        f"{ours.logits.size:,} splits of {size:,} rules in {N_BLOCKS} blocks of {_BLOCK_BARS} "
        f"bars, all logits equal to 1e-9; PBO {ours.pbo:.3f}."
    )
    return Table(
        "pbo",
        f"PBO, {size:,} rules",
        "ms",
        raced(race(racers, rounds), {_PHACKER: BAR}, 1e3),
        (fact,),
    )


def _require_same(pbo: float, logits: Float, other_pbo: float, other: Float) -> None:
    require_close(_PHACKER, "PBO", np.array([other_pbo]), np.array([pbo]), 0.0)
    require_close(_PHACKER, "logit", other, logits)
