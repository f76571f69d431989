"""The behaviour of trades as numbers that are added: the same for the same trades in any order.

Every entry (symbol, side, time) and every exit (symbol, side, time, reason, level) has a token of
two 64-bit lanes; the behaviour hash is the sum of the tokens of all trades, modulo 2**64 per lane
(after A. Zobrist, 1970, with sums). The compiled walk makes the same tokens.
"""

import blake3
import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

LANES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03))
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_ENTRY = 1 << 16


def symbol_seed(symbol: str) -> np.uint64:
    """The number by which the tokens of one symbol differ from those of another."""
    return np.uint64(int.from_bytes(blake3.blake3(symbol.encode()).digest()[:8], "little"))


def entry_tokens(seed: np.uint64, stamps: NDArray[np.int64], side: int) -> Words:
    """Tokens of entries at these times, [n, 2]."""
    return _tokens(seed, stamps, np.zeros(stamps.size), np.full(stamps.size, _ENTRY + side + 1))


def exit_tokens(
    seed: np.uint64,
    stamps: NDArray[np.int64],
    level: NDArray[np.float64],
    reason: NDArray[np.int64],
    side: int,
) -> Words:
    """Tokens of exits at these times, levels (fills before slippage) and reasons, [n, 2]."""
    return _tokens(seed, stamps, level, reason * 4 + side + 1)


def _tokens(
    seed: np.uint64,
    stamps: NDArray[np.int64],
    level: NDArray[np.float64],
    what: NDArray[np.int64],
) -> Words:
    parts = (stamps.astype(np.uint64), level.view(np.uint64), what.astype(np.uint64))
    made = np.empty((stamps.size, 2), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for lane, salt in enumerate(LANES):
            h = np.full(stamps.size, salt ^ seed)
            for part in parts:
                h = _mixed(h ^ part)
            made[:, lane] = h
    return made


def _mixed(h: Words) -> Words:
    h = h * _MIX_1
    h = (h ^ (h >> np.uint64(32))) * _MIX_2
    mixed: Words = h ^ (h >> np.uint64(29))
    return mixed
