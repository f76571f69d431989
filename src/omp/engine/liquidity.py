"""Slippage that grows with the share of a bar's volume which an order takes."""

from dataclasses import dataclass, replace

import numpy as np

from omp.domain.errors import InvalidInput
from omp.engine.fills import Bool, Float


@dataclass(frozen=True)
class VolumeSlippage:
    """An account of a given size in a market of limited volume.

    A trade of the whole account at the open of a bar takes the share
    q = capital / (open * volume of the bar before) of what was last seen to trade. It pays
    impact_bps * sqrt(q / participation_cap) more slippage than the costs say (the square root law
    of impact: R. Almgren, C. Thum, E. Hauptmann, H. Li, Direct estimation of equity market impact,
    2005), and no entry is made where q is above the cap: the signal is lost. An exit is always
    made; after a bar without volume it pays the largest impact, half of the price.

    Args:
        capital: size of the account in the currency of the prices, above 0.
        participation_cap: largest share of a bar's volume that an entry may take, above 0 up to 1.
        impact_bps: slippage added at that share, in basis points, 0 to 1000.

    Raises:
        InvalidInput: when a value lies outside its range.
    """

    capital: float
    participation_cap: float = 0.1
    impact_bps: float = 10.0

    def __post_init__(self) -> None:
        legal = (
            0.0 < self.capital < np.inf
            and 0.0 < self.participation_cap <= 1.0
            and 0.0 <= self.impact_bps <= 1000.0
        )
        if not legal:
            raise InvalidInput(
                f"{self}",
                allowed="capital above 0, participation_cap above 0 up to 1, "
                "impact_bps from 0 to 1000",
                remedy="change the value; 0.1 means a tenth of the bar's volume",
            )

    def shared(self, symbols: int) -> "VolumeSlippage":
        """The account's part in each of so many symbols, which all get as much."""
        return replace(self, capital=self.capital / symbols)

    def times(self, factor: float) -> "VolumeSlippage":
        """An account so many times as large in the same market."""
        return replace(self, capital=self.capital * factor)

    def of(self, open_: Float, volume: Float) -> tuple[Float, Bool]:
        """Slippage added in each bar, a fraction at most 0.5, and where entries are refused, [T].

        Args:
            open_, volume: of each bar, [T]; the first bar has no volume before it.

        Raises:
            InvalidInput: when volumes are missing, negative or not finite.
        """
        if volume.shape != open_.shape or not (np.isfinite(volume) & (volume >= 0.0)).all():
            raise InvalidInput(
                f"volume of shape {volume.shape} with values that are missing or below 0",
                allowed=f"{open_.size} finite volumes of at least 0",
                remedy="repair the volumes, or leave the slippage by volume out",
            )
        before = np.concatenate([[0.0], volume[:-1]])
        share = np.full(open_.size, np.inf)
        np.divide(self.capital, open_ * before, out=share, where=before > 0.0)
        refused = share > self.participation_cap
        if self.impact_bps == 0.0:
            return np.zeros(open_.size), refused
        impact = self.impact_bps / 1e4 * np.sqrt(share / self.participation_cap)
        return np.minimum(impact, 0.5), refused
