"""`simulate` refuses by name what is no price, no signal and no setting; it never guesses."""

from typing import Any

import numpy as np
import pytest

from omp.domain.errors import InvalidInput
from omp.engine import simulate
from omp.engine.liquidity import VolumeSlippage

PRICES = {name: np.full(5, 10.0) for name in ("open", "high", "low", "close")}
ENTRY = np.array([True, False, False, False, False])
EXIT = np.array([False, True, False, False, False])

HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "complex prices": ({"close": np.full(5, 10.0 + 1j)}, "complex"),
    "prices as text": ({"open": np.array(["10"] * 5)}, "<U2"),
    "prices as objects": ({"open": np.array([10.0] * 5, dtype=object)}, "object"),
    "a signal of 2": ({"entry": np.array([2, 0, 0, 0, 0])}, "entry of bar 0 is 2"),
    "a signal of -1": ({"exit": np.array([0, -1, 0, 0, 0])}, "exit of bar 1 is -1"),
    "a session end of 2": ({"session_end": np.array([0, 0, 2, 0, 0])}, "session_end of bar 2"),
    "max_bars of True": ({"max_bars": True}, "max_bars = True"),
    "max_bars as text": ({"max_bars": "3"}, "max_bars = '3'"),
    "max_bars of infinity": ({"max_bars": float("inf")}, "max_bars = inf"),
    "a stop as text": ({"stop_loss": "x"}, "stop_loss = 'x'"),
    "a stop of NaN": ({"take_profit": float("nan")}, "take_profit = nan"),
}


@pytest.mark.parametrize("engine", ["kernel", "oracle"])
@pytest.mark.parametrize("name", list(HOSTILE))
def test_is_refused_by_name(name: str, engine: Any) -> None:
    changed, said = HOSTILE[name]
    given: dict[str, Any] = {**PRICES, "entry": ENTRY, "exit": EXIT, **changed}
    with pytest.raises(InvalidInput) as refused:
        simulate(**given, engine=engine)
    assert said in str(refused.value)


def test_signals_of_ones_and_zeros_are_signals() -> None:
    plain = simulate(**PRICES, entry=ENTRY, exit=EXIT)
    counted = simulate(**PRICES, entry=ENTRY.astype(np.int8), exit=EXIT.astype(np.uint8))
    assert plain.trades == counted.trades
    assert len(plain.trades) == 1


def test_no_impact_is_no_impact_also_after_a_bar_without_volume() -> None:
    volume = np.array([100.0, 0.0, 0.0, 100.0, 100.0])
    held = simulate(
        **PRICES,
        entry=ENTRY,
        exit=EXIT,
        volume=volume,
        volume_slippage=VolumeSlippage(capital=1.0, impact_bps=0.0),
        engine="oracle",
    )
    assert [one.net_return for one in held.trades] == [0.0]
    assert np.isfinite(held.returns).all()
