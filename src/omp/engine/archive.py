"""The archive of a search: its best distinct behaviours, no idea allowed to crowd out the rest."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omp.engine.genome import Genome

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Elite:
    """One archived strategy.

    Args:
        genome: the strategy.
        behaviour_hash: 32 hex digits.
        sharpe_x: in-sample Sharpe of x per bar, net.
        n_trades: trades of all symbols.
        generation: where it was first found.
        sketch: normed folding of its x, [K].
    """

    genome: Genome
    behaviour_hash: str
    sharpe_x: float
    n_trades: int
    generation: int
    sketch: Float

    @property
    def rank(self) -> tuple[float, int, str]:
        """Sort key, best first: Sharpe of x, then fewer conditions, then the hash."""
        return (-self.sharpe_x, self.genome.complexity, self.behaviour_hash)


class Archive:
    """Holds at most `size` elites, and of each idea at most `per_niche`.

    An elite is of the same idea as a better one when the estimated correlation of their x
    reaches `alike`. So the top of the archive offers an ensemble different members.

    Args:
        size: elites kept.
        per_niche: elites kept that are alike to a better one, counting it.
        alike: correlation from which two are one idea.
        min_trades: strategies with fewer trades are not archived.
    """

    def __init__(self, size: int, per_niche: int, alike: float, min_trades: int) -> None:
        self.size, self.per_niche = size, per_niche
        self.alike, self.min_trades = alike, min_trades
        self.elites: tuple[Elite, ...] = ()

    def admits(self, sharpe_x: float, n_trades: int) -> bool:
        """Whether a strategy can enter at all: defined, traded, above the worst of a full one."""
        if n_trades < self.min_trades or not np.isfinite(sharpe_x):
            return False
        return len(self.elites) < self.size or sharpe_x >= self.elites[-1].sharpe_x

    def add(self, found: Iterable[Elite]) -> None:
        """Merge new elites in; the same behaviour keeps its simplest genome."""
        best: dict[str, Elite] = {}
        for one in (*self.elites, *found):
            known = best.get(one.behaviour_hash)
            if known is None or one.genome.complexity < known.genome.complexity:
                best[one.behaviour_hash] = one
        ranked = sorted(best.values(), key=lambda one: one.rank)
        if not ranked:
            return
        kept: list[Elite] = []
        sketches = np.empty((self.size, ranked[0].sketch.size))
        for one in ranked:
            near = sketches[: len(kept)] @ one.sketch >= self.alike
            if np.count_nonzero(near) < self.per_niche:
                sketches[len(kept)] = one.sketch
                kept.append(one)
            if len(kept) == self.size:
                break
        self.elites = tuple(kept)


def normed(sketch: Float) -> Float:
    """A sketch with mean 0 and length 1, so that a dot product estimates a correlation."""
    centred = sketch - float(np.mean(sketch))
    length = float(np.sqrt(centred @ centred))
    return np.divide(centred, length) if length > 0.0 else centred
