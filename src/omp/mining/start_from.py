"""Declared strategies that a search starts from, written by hand or exported elsewhere."""

from pathlib import Path

from omp.config.campaign_file import CampaignFile
from omp.domain.durable import disk_room, write_durable
from omp.domain.errors import Fault, InvalidConfiguration, OmpError
from omp.domain.timeframes import ALIASES
from omp.engine.genome import Genome, Operand
from omp.engine.grammar import Grammar
from omp.engine.indicators import lookback_bars
from omp.mining.strategy_file import from_toml

FOLDER = "start_from"
"""Where a run keeps its own copies, so that a resumed run starts from the same."""

MOST_BYTES = 1 << 20


def read_texts(campaign: CampaignFile, workspace: Path, run: Path | None = None) -> dict[str, str]:
    """The text of each strategy file that a campaign names, by its name there.

    Args:
        campaign: The configuration.
        workspace: Where the names start.
        run: A run directory whose own copies come first.

    Raises:
        InvalidConfiguration: With every file that is absent, outside the workspace or no text.
    """
    texts, faults = {}, []
    root = workspace.resolve()
    for number, name in enumerate(campaign.search.start_from):
        kept = None if run is None else _copy(run, number)
        path = kept if kept is not None and kept.is_file() else (root / name).resolve()
        if kept != path and not path.is_relative_to(root):
            faults.append(_fault(number, f"{name} lies outside the workspace", "a path inside it"))
        elif not path.is_file() or path.stat().st_size > MOST_BYTES:
            faults.append(_fault(number, f"there is no file {name}", "a strategy.toml"))
        else:
            try:
                texts[name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                faults.append(_fault(number, f"{name} is no text", "a strategy.toml in UTF-8"))
    _refuse(campaign, faults)
    return texts


def keep_texts(texts: dict[str, str], run: Path) -> None:
    """Copy the strategy files into a run directory, once.

    Raises:
        DiskFull: If there is no room.
    """
    for number, text in enumerate(texts.values()):
        path = _copy(run, number)
        if not path.is_file():
            with disk_room(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            write_durable(path, text.encode())


def declared(campaign: CampaignFile, grammar: Grammar, texts: dict[str, str]) -> tuple[Genome, ...]:
    """The genomes of strategy files; an ensemble gives those of its members.

    The symbols and costs of a file are left aside: the campaign's own hold.

    Raises:
        InvalidConfiguration: With every strategy that cannot be read, has another timeframe or
            direction than the campaign, or looks back further than its grammar.
    """
    found: dict[Genome, None] = {}
    faults = []
    timeframe, direction = campaign.campaign.timeframe, campaign.strategy.direction
    longest = grammar.lookback_bars
    for number, (name, text) in enumerate(texts.items()):
        try:
            strategy = from_toml(text, name=name)
        except (OmpError, KeyError, TypeError, ValueError) as error:
            said = error.sentence if isinstance(error, OmpError) else f"{name}: {error!r}"
            faults.append(_fault(number, said, "docs/reference/run-directory.md"))
            continue
        if ALIASES.get(strategy.timeframe, strategy.timeframe) != timeframe:
            faults.append(
                _fault(number, f"{name} has timeframe {strategy.timeframe!r}", repr(timeframe))
            )
        for member in strategy.members:
            one = member.genome
            if one.direction != direction:
                faults.append(
                    _fault(number, f"{name} has direction {one.direction!r}", repr(direction))
                )
            back = _lookback(one)
            if back > longest:
                allowed = f"at most the {longest} bars of the campaign's indicators"
                faults.append(_fault(number, f"{name} looks back {back} bars", allowed))
            found[one] = None
    _refuse(campaign, faults)
    return tuple(found)


def _lookback(one: Genome) -> int:
    operands = [
        side
        for condition in one.conditions
        for side in (condition.left, condition.right)
        if isinstance(side, Operand)
    ]
    return max(lookback_bars(side.indicator, dict(side.parameters)) for side in operands)


def _copy(run: Path, number: int) -> Path:
    return run / FOLDER / f"strategy_{number:03d}.toml"


def _fault(number: int, problem: str, allowed: str) -> Fault:
    return Fault(f"search.start_from[{number}]", problem, allowed)


def _refuse(campaign: CampaignFile, faults: list[Fault]) -> None:
    if faults:
        raise InvalidConfiguration(
            f"campaign {campaign.campaign.name}",
            faults=tuple(faults),
            remedy="correct the strategy files it names, then: combiner factory validate-config "
            "FILE --data",
        )
