"""When the disk will be full, if it goes on as it has lately."""

from collections import deque

WINDOW_S = 3600.0
SHORTEST_S = 300.0
"""A shorter history says more about one file than about a pace."""
FURTHEST_S = 30 * 86400.0
"""What lies further ahead is no news."""


class DiskForecast:
    """Remembers free space and draws a line through the last hour of it."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def note(self, now_s: float, free_gb: float) -> None:
        """One reading, at a monotonic instant."""
        self._seen.append((now_s, free_gb))
        while self._seen and now_s - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()

    def full_in_s(self, floor_gb: float) -> float | None:
        """Seconds until so much is left, by least squares; None where it is not in sight.

        Args:
            floor_gb: Where mining stops, GB.
        """
        if len(self._seen) < 3 or self._seen[-1][0] - self._seen[0][0] < SHORTEST_S:
            return None
        n = len(self._seen)
        mean_t = sum(t for t, _ in self._seen) / n
        mean_f = sum(f for _, f in self._seen) / n
        spread = sum((t - mean_t) ** 2 for t, _ in self._seen)
        slope = sum((t - mean_t) * (f - mean_f) for t, f in self._seen) / spread
        left_gb = self._seen[-1][1] - floor_gb
        if slope >= 0 or left_gb <= 0:
            return None
        found = left_gb / -slope
        return found if found <= FURTHEST_S else None
