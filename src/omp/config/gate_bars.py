"""The bars of every gate: reject, promote, keep, and the gate's own options.

One row a gate, in the order in which the panels ask them. docs/explanation has the reasons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from omp.config.loader import Reader, Refusal, Rule, plain

Option = float | int | str | bool | list[str]

BARS = ("reject", "promote", "keep")


@dataclass(frozen=True)
class GateBars:
    """What one gate compares its measure with; None where the gate has no such bar.

    Args:
        reject: On the wrong side of it a subject is rejected.
        promote: On the right side of it a subject passes; between the two lies research.
        keep: The bar for later re-validation of an entry.
        options: Further settings of this gate, by name.
    """

    reject: float | None = None
    promote: float | None = None
    keep: float | None = None
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True)
class GateTable:
    """One gate's default bars and what may be set.

    Args:
        bars: The defaults.
        unit: Unit of the three bars.
        about: What the gate measures, in one line.
        ranges: Ranges of the bars and options that may be set; others are refused.
        better: `higher` or `lower` values are the good ones.
    """

    bars: GateBars
    about: str
    unit: str = ""
    ranges: Mapping[str, Rule] = field(default_factory=dict)
    better: str = "higher"


def _three(rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(BARS, rule)


GATES: Mapping[str, GateTable] = {
    "completeness": GateTable(GateBars(), "every artifact and every number of evidence is there"),
    "variance_sanity": GateTable(
        GateBars(reject=1e-6, promote=1e-6, keep=1e-6),
        "variance of the annualised in-sample Sharpes of the run's candidates and trials",
        "variance of annual Sharpe ratios",
        _three(Rule(low=0)),
    ),
    "pbo": GateTable(
        GateBars(reject=0.40, promote=0.20, keep=0.30, options={"max_loss": 0.30}),
        "probability of backtest overfitting of the run, on excess returns of generation 0, and "
        "that of loss on the other half",
        "probability",
        _three(Rule(low=0, high=1)) | {"max_loss": Rule(low=0, high=1, unit="of the halvings")},
        better="lower",
    ),
    "dsr": GateTable(
        GateBars(promote=0.4, keep=0.4),
        "deflated Sharpe ratio of excess returns; a look asks for holdout.min_dsr",
        "probability",
        _three(Rule(low=0, high=1)),
    ),
    "walk_forward": GateTable(
        GateBars(promote=0.0, keep=0.0, options={"min_positive_share": 0.5}),
        "median Sharpe of excess returns over the folds, and the share of positive folds",
        "Sharpe per bar",
        _three(Rule(low=-10, high=10))
        | {"min_positive_share": Rule(low=0, high=1, unit="of the folds")},
    ),
    "stress": GateTable(
        GateBars(options={"mandatory": ["costs_x2", "delay_one_bar"], "min_passed": 8}),
        "scenarios of the stress suite that were passed; the mandatory ones must be",
        ranges={"mandatory": Rule(), "min_passed": Rule(low=0, high=100, unit="scenarios")},
    ),
    "lookahead": GateTable(GateBars(), "leaks proven by prefix replay and a shift by one bar"),
    "duplicate": GateTable(GateBars(), "the genome or its behaviour is already in the Hall"),
    "look": GateTable(GateBars(), "p of alpha on the sealed window, against the granted level"),
    "oos_sharpe": GateTable(
        GateBars(reject=0.2, promote=0.5, keep=0.3),
        "net Sharpe ratio on the sealed window",
        "annual Sharpe ratio",
        _three(Rule(low=-10, high=10)),
    ),
    "max_drawdown": GateTable(
        GateBars(reject=0.50, promote=0.30, keep=0.30),
        "largest loss from a peak, in-sample and on the sealed window",
        "fraction of the peak",
        _three(Rule(low=0, high=1)),
        better="lower",
    ),
    "trades_oos": GateTable(
        GateBars(reject=10, promote=10, keep=10),
        "trades on the sealed window",
        "trades",
        _three(Rule(low=0)),
    ),
    "buy_and_hold": GateTable(
        GateBars(promote=0.0, keep=0.0),
        "alpha over the pool's own return on the sealed window; must be more than this",
        "annual return",
        _three(Rule(low=-10, high=10)),
    ),
    "execution": GateTable(
        GateBars(options={"max_turnover_annual": 50.0}),
        "turnover beyond which the trader signs the execution assumptions",
        ranges={"max_turnover_annual": Rule(above=0, unit="times the capital a year")},
    ),
    "review": GateTable(GateBars(), "the risk-analyst's sign-off, as review.policy says"),
}


def default_gates() -> dict[str, GateBars]:
    """Every gate with its default bars, in the order in which they are asked."""
    return {name: table.bars for name, table in GATES.items()}


def gate_keys(bars: GateBars) -> dict[str, Option]:
    """A gate's keys as its table in the file has them."""
    stated = {name: getattr(bars, name) for name in BARS if getattr(bars, name) is not None}
    return {**stated, **bars.options}


def read_gates(reader: Reader, raw: object, extra: Mapping[str, GateTable]) -> dict[str, GateBars]:
    """The gates' bars: the defaults with what `[gates.<name>]` sets.

    Args:
        reader: Where faults go.
        raw: The table `[gates]`.
        extra: Tables of plugin gates, asked after the product's own.
    """
    tables = {**GATES, **extra}
    gates = {name: table.bars for name, table in tables.items()}
    if not isinstance(raw, Mapping):
        reader.fault("gates", f"{raw!r} is not a table", "[gates.<name>] followed by keys")
        return gates
    for name, settings in raw.items():
        path = f"gates.{name}"
        if name not in tables:
            reader.unknown(path, tables)
        elif not isinstance(settings, Mapping):
            reader.fault(path, f"{settings!r} is not a table", f"[{path}] followed by keys")
        else:
            gates[name] = _one(reader, path, tables[name], settings)
    return gates


def _one(reader: Reader, path: str, table: GateTable, settings: Mapping[str, object]) -> GateBars:
    bars = {name: getattr(table.bars, name) for name in BARS}
    options = dict(table.bars.options)
    for key, value in settings.items():
        where = f"{path}.{key}"
        if key not in table.ranges:
            reader.unknown(where, table.ranges)
            continue
        try:
            read = _option(options.get(key, 0.0), value)
            table.ranges[key].check(read)
        except Refusal as refusal:
            reader.fault(where, refusal.problem, refusal.allowed or table.ranges[key].allowed)
            continue
        if key in BARS:
            bars[key] = read
        else:
            options[key] = read
    _check_order(reader, path, table, bars)
    return GateBars(**bars, options=options)


def _option(default: Option, value: object) -> Option:
    hint = tuple[str, ...] if isinstance(default, list) else type(default)
    read = plain(hint, value)
    return list(read) if isinstance(read, tuple) else read  # type: ignore[return-value]


def _check_order(
    reader: Reader, path: str, table: GateTable, bars: Mapping[str, float | None]
) -> None:
    reject, promote = bars["reject"], bars["promote"]
    if reject is None or promote is None:
        return
    sign = 1 if table.better == "higher" else -1
    if sign * promote < sign * reject:
        side = "at or above" if table.better == "higher" else "at or below"
        reader.fault(
            path,
            f"promote = {promote:g} is easier than reject = {reject:g}",
            f"promote {side} reject, since {table.better} is better",
        )
