"""LEAN data folders: zipped CSV without header, prices in ten-thousandths, factor and map files."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omp.market.importers import lean_files
from omp.market.importers.base import COLUMNS, Options, Raw, head_of, refused
from omp.market.importers.lean_files import Bars, Kind
from omp.market.importers.lean_maps import assembled

if TYPE_CHECKING:
    import polars as pl

TIMES = re.compile(rb"^\d{8} \d{2}:\d{2},\d+,\d+,\d+,\d+,\d+(\.\d+)?\s*$")
MILLISECONDS = re.compile(rb"^\d{5,8},\d+,\d+,\d+,\d+,\d+(\.\d+)?\s*$")
MINUTE_FILE = re.compile(r"^\d{8}_.+_minute_trade\.csv$")
FACTORS, MAPS = "factor_files", "map_files"
KIND_OF_TIMEFRAME: dict[str, Kind] = {"1d": "daily", "1h": "hour", "1m": "minute"}


@dataclass(frozen=True)
class Lean:
    """Reads QuantConnect LEAN's equity folders: daily, hour, minute, factor_files, map_files."""

    name: str = "lean"
    meaning: str = "LEAN equity data (daily, hour or minute folders or ZIPs, with factor files)"
    is_general: bool = False
    venue: str | None = "us"

    def recognises(self, path: Path) -> bool:
        """Whether the file lies in a folder of factors or maps, or its first line is a bar."""
        if path.suffix != ".csv":
            return False
        if path.parent.name in (FACTORS, MAPS):
            return True
        first = head_of(path, 200).split(b"\n", 1)[0]
        if MINUTE_FILE.match(path.name):
            return MILLISECONDS.match(first) is not None
        return TIMES.match(first) is not None

    def companions(self, path: Path) -> tuple[Path, ...]:
        """The folders of factors and maps beside a folder of bars, or above one of its files."""
        for root in (path.parent, *path.resolve().parents[1:3]):
            found = [root / name for name in (FACTORS, MAPS) if (root / name).is_dir()]
            if found:
                return tuple(one for one in found if not one.is_relative_to(path))
        return ()

    def parse(self, files: tuple[Path, ...], options: Options) -> Raw:
        """Read the bars of one timeframe, each company's history by its map file.

        Prices are as traded, divided by 10,000; the factor files ride along and adjust nothing
        here. Of minute bars only those of the regular session are taken.

        Raises:
            DataNotReady: when bars of several timeframes are there and none is named, or a line
                cannot be read.
        """
        by_kind: dict[Kind, list[Path]] = {}
        factors, maps = [], []
        for path in files:
            if path.parent.name == FACTORS:
                factors.append(path)
            elif path.parent.name == MAPS:
                maps.append(path)
            else:
                by_kind.setdefault(lean_files.kind_of(path), []).append(path)
        kind = _chosen(by_kind, options)
        bars = lean_files.read_bars(by_kind[kind], kind, options)
        map_rows = lean_files.read_maps(maps)
        frame, mapping = assembled(bars, map_rows)
        timeframe = next(name for name, one in KIND_OF_TIMEFRAME.items() if one == kind)
        return Raw(
            frame.select(COLUMNS),
            self.name,
            tuple(_names(by_kind[kind])),
            _notes(bars, kind, len(factors)) | mapping,
            timeframe=timeframe,
            venue=self.venue,
            adjusted=False,
            factors=_of(lean_files.read_factors(factors), frame),
            map_rows=_of(map_rows, frame),
        )


def _chosen(by_kind: dict[Kind, list[Path]], options: Options) -> Kind:
    """The kind of bars that is meant: the one there is, or the one the timeframe names."""
    there = ", ".join(f"{kind} ({len(paths)} files)" for kind, paths in by_kind.items())
    wanted = KIND_OF_TIMEFRAME.get(options.timeframe)
    if wanted in by_kind and wanted is not None:
        return wanted
    if len(by_kind) == 1 and not options.timeframe:
        return next(iter(by_kind))
    raise refused(
        "the LEAN folder",
        "timeframe",
        f"it holds {there or 'no bars'}, and the timeframe is {options.timeframe or 'not named'}",
        allowed=", ".join(f"{name} for {kind}" for name, kind in KIND_OF_TIMEFRAME.items()),
        remedy="name one with --timeframe, or import one of its folders",
    )


def _notes(bars: Bars, kind: Kind, n_factors: int) -> dict[str, str]:
    notes = {
        "format": f"LEAN {kind}",
        "decimal": "ten-thousandths",
        "separator": ",",
        "header": "none",
        "dates": "%Y%m%d and milliseconds" if kind == "minute" else "%Y%m%d %H:%M",
        "timezone": bars.timezone,
        "adjustment": "none: prices as traded",
        "factor_files": str(n_factors),
    }
    if bars.outside:
        notes["outside_session"] = f"{bars.outside} bars before or after the session left out"
    return notes


def _of(rows: "pl.DataFrame | None", frame: "pl.DataFrame") -> "pl.DataFrame | None":
    """The rows of symbols that have bars."""
    return (
        None
        if rows is None
        else rows.join(
            frame.select("symbol").unique(), on="symbol", how="semi", maintain_order="left"
        )
    )


def _names(paths: Iterable[Path]) -> list[str]:
    return [path.name for path in paths]


IMPORTER = Lean()
