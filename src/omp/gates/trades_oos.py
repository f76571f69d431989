"""Did it trade often enough on the sealed window for its figures to mean something?"""

from omp.config.gate_bars import GateBars
from omp.gates.base import Answer, Gate, count, finite, unknown
from omp.gates.case import Case


def ask(case: Case, _bars: GateBars) -> Answer:
    look = case.look
    if look is None:
        return unknown("Its trades on the sealed window are not known")
    error, sharpe = finite(look.standard_error_annual), finite(look.sharpe_annual)
    if error is None or sharpe is None:
        return unknown("Its Sharpe ratio on the sealed window has no standard error")
    needed = finite(look.min_track_record_bars)
    record = (
        "a track record that proves it above zero is not defined"
        if needed is None
        else f"{needed:,.0f} bars would prove it above zero at 95 %, {look.n_bars:,} are there"
    )
    sentence = (
        f"{count(look.n_trades, 'trade')} on the sealed window; its Sharpe ratio of {sharpe:.2f} "
        f"has a standard error of {error:.2f}, {record}"
    )
    return Answer(sentence, float(look.n_trades))


GATE = Gate(
    name="trades_oos",
    panel=2,
    better="higher",
    unit="trades",
    question="Are there enough trades on the sealed window?",
    ask=ask,
)
