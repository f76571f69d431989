"""Classical rules that a search starts its breeding from, where its grammar holds them.

They are known to everybody and so to whoever trades against them: they are no better than random
rules until they are measured, and they are charged as trials like any other.
"""

from omp.engine.codebook import Codebook
from omp.engine.genome import Condition, Genome, Operand, Rule, condition, genome, rule
from omp.engine.grammar import dual

_Side = tuple[str, dict[str, float]]
_Test = tuple[_Side, str, _Side | float]


def _one(name: str, **parameters: float) -> _Side:
    return name, parameters


_CLOSE = _one("close")

TEMPLATES: dict[str, tuple[tuple[_Test, ...], tuple[_Test, ...] | None]] = {
    "moving-average cross": ((((_one("sma", length=20)), ">", _one("sma", length=50)),), None),
    "golden cross": ((((_one("sma", length=50)), ">", _one("sma", length=200)),), None),
    "exponential cross": ((((_one("ema", length=10)), ">", _one("ema", length=50)),), None),
    "above the long average": (((_CLOSE, ">", _one("sma", length=200)),), None),
    "Donchian breakout": (
        ((_CLOSE, ">", _one("highest", length=20)),),
        ((_CLOSE, "<", _one("lowest", length=10)),),
    ),
    "long Donchian breakout": (
        ((_CLOSE, ">", _one("highest", length=50)),),
        ((_CLOSE, "<", _one("lowest", length=20)),),
    ),
    "Bollinger reversion": (
        ((_CLOSE, "<", _one("bollinger_lower", length=20, width=2.0)),),
        ((_CLOSE, ">", _one("sma", length=20)),),
    ),
    "Bollinger breakout": (
        ((_CLOSE, ">", _one("bollinger_upper", length=20, width=2.0)),),
        ((_CLOSE, "<", _one("sma", length=20)),),
    ),
    "Keltner breakout": (
        ((_CLOSE, ">", _one("keltner_upper", length=20, width=2.0)),),
        ((_CLOSE, "<", _one("ema", length=20)),),
    ),
    "RSI reversal": (
        ((_one("rsi", length=14), "<", 30.0),),
        ((_one("rsi", length=14), ">", 50.0),),
    ),
    "short RSI reversal": (
        ((_one("rsi", length=2), "<", 10.0),),
        ((_one("rsi", length=2), ">", 70.0),),
    ),
    "dip in an upward trend": (
        ((_one("rsi", length=2), "<", 10.0), (_CLOSE, ">", _one("sma", length=200))),
        ((_one("rsi", length=2), ">", 70.0),),
    ),
    "stochastic reversal": (
        ((_one("stoch", length=14), "<", 20.0),),
        ((_one("stoch", length=14), ">", 80.0),),
    ),
    "weak close": (((_one("bar_strength"), "<", 0.2),), ((_one("bar_strength"), ">", 0.8),)),
    "z-score reversion": (
        ((_one("zscore", length=20), "<", -2.0),),
        ((_one("zscore", length=20), ">", 0.0),),
    ),
    "CCI reversal": (
        ((_one("cci", length=20), "<", -100.0),),
        ((_one("cci", length=20), ">", 100.0),),
    ),
    "momentum": (((_one("roc", length=120), ">", 0.0),), None),
    "short momentum": (((_one("roc", length=20), ">", 0.0),), None),
    "MACD": (((_one("ppo", fast=12, slow=26), ">", 0.0),), None),
    "TRIX": (((_one("trix", length=15), ">", 0.0),), None),
    "directional movement": (
        ((_one("plus_di", length=14), ">", _one("minus_di", length=14)),),
        None,
    ),
    "trend with strength": (
        ((_one("plus_di", length=14), ">", _one("minus_di", length=14)),
         (_one("adx", length=14), ">", 25.0)),
        ((_one("plus_di", length=14), "<", _one("minus_di", length=14)),),
    ),
    "Aroon": (((_one("aroon", length=25), ">", 0.0),), None),
    "parabolic stop and reverse": (((_CLOSE, ">", _one("sar", acceleration=0.02)),), None),
    "calm market": (((_one("deviation_ratio", fast=20, slow=100), "<", 1.0),), None),
    "money flow": (((_one("cmf", length=20), ">", 0.0),), None),
    "money flow reversal": (
        ((_one("mfi", length=14), "<", 20.0),),
        ((_one("mfi", length=14), ">", 50.0),),
    ),
}  # fmt: skip
"""Entry conditions, all of which must hold, and exit conditions; None: the entry turned round."""


def templates(codebook: Codebook) -> list[Genome]:
    """The classical rules that a grammar holds, in the grammar's direction.

    For a search of shorts the two sides change places.
    """
    grammar = codebook.grammar
    made = []
    for enter, leave in TEMPLATES.values():
        entry = _rule(enter)
        out = dual(entry) if leave is None else _rule(leave)
        tests = entry.conditions + out.conditions
        sides = max(len(entry.conditions), len(out.conditions))
        if sides <= grammar.max_conditions and all(codebook.holds(one) for one in tests):
            if grammar.direction == "short":
                entry, out = out, entry
            made.append(genome(grammar.direction, entry, out))
    return made


def _rule(tests: tuple[_Test, ...]) -> Rule:
    return rule("all", [_condition(*one) for one in tests])


def _condition(left: _Side, op: str, right: _Side | float) -> Condition:
    side = right if isinstance(right, float) else Operand.of(right[0], **right[1])
    return condition(Operand.of(left[0], **left[1]), op, side)
