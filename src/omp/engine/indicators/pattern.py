"""How candlestick patterns are recognised: TA-Lib's functions, one a pattern."""

from omp.domain.indicators.pattern import PATTERNS
from omp.engine.indicators.basics import Arguments, Compute, Float, floats
from omp.engine.talib_door import talib
from omp.market.bars import Bars


def _recognise(name: str) -> Compute:
    function = getattr(talib, f"CDL{name.upper()}")

    def compute(b: Bars, _: Arguments) -> Float:
        return floats(function(b.open, b.high, b.low, b.close))

    return compute


PATTERN: dict[str, Compute] = {f"cdl_{name}": _recognise(name) for name in PATTERNS}
