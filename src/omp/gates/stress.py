"""Does it survive a world a little less kind than the data?"""

from omp.config.gate_bars import GateBars
from omp.domain.verdict import Outcome
from omp.gates.base import Answer, Gate, count, unknown
from omp.gates.case import Case


def ask(case: Case, bars: GateBars) -> Answer:
    if case.subject is None or not case.subject.stress:
        return unknown("No stress scenario was run")
    mandatory, least = bars.options.get("mandatory"), bars.options.get("min_passed")
    if not isinstance(mandatory, list) or isinstance(least, bool) or not isinstance(least, int):
        return unknown("The configuration does not say which scenarios must be passed")
    results = {one.scenario: one.passed for one in case.subject.stress}
    passed = sum(1 for one in results.values() if one is True)
    ran = sum(1 for one in results.values() if one is not None)
    failed = [name for name, answer in results.items() if answer is False]
    value, bar = float(passed), float(least)
    if missing := [name for name in mandatory if results.get(name) is None]:
        return unknown(f"Mandatory stress without a result: {', '.join(missing)}")
    fatal = [name for name in mandatory if results[name] is not True]
    sentence = (
        f"{passed} of {count(ran, 'stress scenario')} passed, {least} are needed and "
        f"{' and '.join(mandatory) or 'none'} must be among them"
    )
    if failed:
        sentence += f"; failed: {', '.join(failed)}"
    if fatal and value >= bar:
        held = float(len(mandatory) - len(fatal))
        return Answer(
            sentence, held, Outcome.RESEARCH, float(len(mandatory)), "mandatory scenarios passed"
        )
    return Answer(sentence, value, None, bar)


GATE = Gate(
    name="stress",
    panel=1,
    better="higher",
    unit="scenarios passed",
    question="How many scenarios of the stress suite does it survive, the mandatory ones included?",
    ask=ask,
)
