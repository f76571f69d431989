"""An import up to the point where something would change: read, adjusted, judged, compared."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omp.domain.errors import InvalidInput
from omp.market.adjust import apply
from omp.market.certificate import Certificate
from omp.market.importers import Limits, Options, Raw, read
from omp.market.readiness import Known, judge
from omp.market.readiness_rule import Context
from omp.market.repairs import Repair, repair
from omp.market.splits import iso
from omp.market.venues import Venue, venue

if TYPE_CHECKING:
    import polars as pl

SHOWN_SYMBOLS = 20
SHOWN_ROWS = 3
ROUNDS = 4
"""How often what is left is judged again after symbols with faults were left out."""


@dataclass(frozen=True)
class Request:
    """What is to be imported, and how.

    Args:
        path: the file, archive or folder.
        venue_name: where the instruments trade; empty means what the format implies, else "us".
        options: how to read.
        importer: name of the importer, where the content does not tell.
        symbols: the symbols to take; none named takes all.
        accept: rules of readiness whose faults the user takes upon himself.
        leave_out_faulty: leave out symbols with faults instead of refusing the whole.
        actions: the user's table of splits and dividends, for prices as traded.
        sealed_fraction, min_bars: how a new lineage is cut.
        staging: folder in which archives are unpacked.
        limits: how much an archive may unpack to.
        repair: rules of readiness whose bars are repaired (`omp.market.repairs`).
    """

    path: Path
    venue_name: str = ""
    options: Options = field(default_factory=Options)
    importer: str | None = None
    symbols: Sequence[str] = ()
    accept: Sequence[str] = ()
    leave_out_faulty: bool = False
    actions: Path | None = None
    sealed_fraction: float = 0.3
    min_bars: int = 250
    staging: Path | None = None
    limits: Limits | None = None
    repair: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Examined:
    """What was found.

    Args:
        raw: what the importer read; of the symbols asked for, and not left out.
        place: the venue.
        certificate: the answer of readiness on them.
        left_out: symbols left out, each with the rules it breaks.
        repairs: what was repaired, where that was asked for.
    """

    raw: Raw
    place: Venue
    certificate: Certificate
    left_out: Mapping[str, tuple[str, ...]]
    repairs: tuple[Repair, ...] = ()


def read_request(request: Request) -> tuple[Raw, Venue]:
    """The rows of the symbols that are asked for, and where they trade.

    Raises:
        NotFound, InvalidInput: when path, venue, importer or a symbol does not exist.
        DataNotReady: when the files cannot be understood.
    """
    options = request.options
    if request.venue_name:
        local = options.timezone or venue(request.venue_name).timezone
        options = replace(options, timezone=local)
    raw = read(
        request.path,
        options,
        request.importer,
        staging=request.staging,
        limits=request.limits,
    )
    place = venue(request.venue_name or raw.venue or "us")
    raw = _only(raw, request.symbols)
    if request.options.adjust or request.actions is not None:
        raw = apply(raw, actions_file=request.actions, timezone=place.timezone)
    return raw, place


def examine(request: Request) -> Examined:
    """Read and judge; nothing is changed.

    Raises:
        NotFound, InvalidInput: when path, venue, importer, rule or a symbol does not exist.
        DataNotReady: when the files cannot be understood. What readiness finds is in the answer.
    """
    raw, place = read_request(request)
    known = Known(adjusted=raw.adjusted, ex_marks=raw.ex_marks)

    def context_of(frame: "pl.DataFrame") -> Context:
        cut = (request.sealed_fraction, request.min_bars)
        return Context.of(frame, place, raw.timeframe, *cut, time.time_ns(), known)

    raw, repairs = repair(raw, context_of, request.repair)
    left_out: dict[str, tuple[str, ...]] = {}
    for _ in range(ROUNDS):
        certificate = judge(
            raw.frame,
            place,
            raw.timeframe,
            accept=request.accept,
            sealed_fraction=request.sealed_fraction,
            min_sealed_bars=request.min_bars,
            known=Known(adjusted=raw.adjusted, ex_marks=raw.ex_marks),
        )
        faulty = _faulty(certificate) if request.leave_out_faulty else {}
        kept = sorted(set(raw.frame["symbol"].unique().to_list()) - set(faulty))
        if not faulty or not kept:
            break
        left_out |= faulty
        raw = _only(raw, kept)
    return Examined(raw, place, certificate, dict(sorted(left_out.items())), repairs)


def facts(raw: Raw, place: Venue, path: Path) -> dict[str, Any]:
    """What was guessed and found, to be shown before it is used."""
    import polars as pl

    stamps = raw.frame["timestamp"].drop_nulls()
    symbols = sorted(raw.frame["symbol"].drop_nulls().unique().to_list())
    sample = raw.frame.head(SHOWN_ROWS).with_columns(
        pl.col("timestamp").cast(pl.Datetime("ns")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    return {
        "path": str(path),
        "importer": raw.importer,
        "files": len(raw.files),
        "venue": place.name,
        "timeframe": raw.timeframe,
        "symbols": symbols[:SHOWN_SYMBOLS],
        "n_symbols": len(symbols),
        "rows": raw.frame.height,
        "first": iso(int(stamps.min())) if stamps.len() else None,  # type: ignore[arg-type]
        "last": iso(int(stamps.max())) if stamps.len() else None,  # type: ignore[arg-type]
        "adjusted": raw.adjusted,
        "features": list(raw.features),
        "guess": dict(raw.notes),
        "sample": sample.rows(named=True),
    }


def _faulty(certificate: Certificate) -> dict[str, tuple[str, ...]]:
    """Symbols with faults of their own, each with the rules it breaks."""
    found: dict[str, list[str]] = {}
    for fault in certificate.faults:
        if fault.symbol != "*":
            rules = found.setdefault(fault.symbol, [])
            rules += [fault.rule] if fault.rule not in rules else []
    return {symbol: tuple(rules) for symbol, rules in found.items()}


def _only(raw: Raw, symbols: Sequence[str]) -> Raw:
    """The rows of some symbols.

    Raises:
        InvalidInput: when one of them is not in the table.
    """
    import polars as pl

    if not symbols:
        return raw
    present = set(raw.frame["symbol"].drop_nulls().unique().to_list())
    absent = sorted(set(symbols) - present)
    if absent:
        raise InvalidInput(
            f"the data have no symbol {', '.join(absent)}",
            allowed=", ".join(sorted(present)[:20]) + (", …" if len(present) > 20 else ""),
            remedy="name symbols that are in the file",
        )

    def kept(table: "pl.DataFrame | None") -> "pl.DataFrame | None":
        return None if table is None else table.filter(pl.col("symbol").is_in(list(symbols)))

    return replace(
        raw,
        frame=raw.frame.filter(pl.col("symbol").is_in(list(symbols))),
        raw_frame=kept(raw.raw_frame),
        actions=kept(raw.actions),
        factors=kept(raw.factors),
        ex_marks=kept(raw.ex_marks),
        map_rows=kept(raw.map_rows),
    )
