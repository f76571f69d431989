"""The program of `omp bench`: which sections run, what is printed, what is written."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from omp.domain.errors import InvalidInput
from omp.lab.bench import both_sides, campaign, cores, fills, memory, overfit, peers, preparation
from omp.lab.bench.clock import ROUNDS
from omp.lab.bench.page import write_page
from omp.lab.bench.peers import Peer
from omp.lab.bench.profile import profile
from omp.lab.bench.table import Table


@dataclass(frozen=True)
class Setting:
    """How a bench is run.

    Args:
        peers: foreign engines that are installed.
        rounds: of every race.
        quick: whether the long sizes are left out.
    """

    peers: tuple[Peer, ...]
    rounds: int
    quick: bool


def _kernel(setting: Setting) -> list[Table]:
    sizes = fills.SIZES[:1] if setting.quick else fills.SIZES
    races = [
        fills.table(size, setting.peers, setting.rounds, stops=stops)
        for size in sizes
        for stops in (False, True)
    ]
    each = 1 if setting.quick else both_sides.POPULATIONS
    n_bars = sizes[0].n_bars
    races += [
        both_sides.table(setting.rounds, stops=stops, n_bars=n_bars, each=each)
        for stops in (False, True)
    ]
    return [*races, cores.table(setting.rounds, quick=setting.quick)]


def _search(setting: Setting) -> list[Table]:
    return campaign.search_tables(quick=setting.quick)


def _pbo(setting: Setting) -> list[Table]:
    return overfit.tables(setting.rounds, (1_000,) if setting.quick else (1_000, 2_000))


def _preparation(setting: Setting) -> list[Table]:
    return preparation.tables(setting.rounds, preparation.sizes(quick=setting.quick))


def _startup(setting: Setting) -> list[Table]:
    memory_of = [] if setting.quick else [memory.table()]
    return [campaign.start_table(setting.rounds), *memory_of]


SECTIONS: dict[str, Callable[[Setting], list[Table]]] = {
    "kernel": _kernel,
    "search": _search,
    "pbo": _pbo,
    "preparation": _preparation,
    "startup": _startup,
}


def bench(
    *, only: Sequence[str] = (), quick: bool = False, write: Path | None = None
) -> list[Table]:
    """Run the sections, print each table as it is done, and write the page if asked.

    Args:
        only: names of sections; empty for all.
        quick: three rounds, 5,000 bars alone; nothing is written.
        write: where the page goes.

    Raises:
        InvalidInput: when a section is unknown, or a quick bench is to be written.
        Damaged: when two engines disagree.
    """
    unknown = [one for one in only if one not in SECTIONS]
    if unknown:
        raise InvalidInput(
            f"no section of the bench is called {', '.join(unknown)}",
            allowed=", ".join(SECTIONS),
            remedy="omp bench --only kernel",
        )
    if write is not None and (quick or only):
        raise InvalidInput(
            "a part of the bench is not written to the page",
            allowed="--write with all sections and all rounds",
            remedy="leave out --quick and --only, or --write",
        )
    peers.quieten()
    here, missing = fills.installed()
    for one in missing:
        _note(
            f"{one.name} is not installed; to compare with it, run ./test once (it installs the "
            "engines that tests compare with)"
        )
    setting = Setting(tuple(here), 3 if quick else ROUNDS, quick)
    tables = []
    for name, section in SECTIONS.items():
        if only and name not in only:
            continue
        _note(f"{name} …")
        for table in section(setting):
            tables.append(table)
            print(table.text(), flush=True)
    if write is not None:
        write_page(write, tables, profile())
        _note(f"wrote {write}")
    return tables


def _note(line: str) -> None:
    sys.stderr.write(line + "\n")
