"""The levels that stops are drawn from, and stops from their names."""

from omp.engine.genome import Stops

STOP_LEVELS: dict[str, tuple[float, ...]] = {
    "stop_loss": (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2),
    "take_profit": (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3),
    "trailing": (0.02, 0.03, 0.05, 0.08, 0.12, 0.2),
    "max_bars": (1, 2, 3, 5, 10, 20, 40, 60),
}
STOP_NAMES = tuple(STOP_LEVELS)


def make_stops(chosen: dict[str, float]) -> Stops:
    """Stops from their names and levels."""
    bars = chosen.get("max_bars")
    return Stops(
        chosen.get("stop_loss"),
        chosen.get("take_profit"),
        chosen.get("trailing"),
        None if bars is None else int(bars),
    )
