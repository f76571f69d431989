"""The Parquet files of a run directory: written once, the same content giving the same bytes."""

import io
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omp.domain.errors import Damaged, NotFound
from omp.mining.books import TrialRows
from omp.mining.candidates import CandidateRow
from omp.mining.columns import hash_names, hash_values
from omp.mining.streams import Streams
from omp.wire.evidence import SCHEMA_VERSION
from omp.wire.filed import is_filed, read_filed

if TYPE_CHECKING:
    import polars as pl

POOL = "*"
"""Stands for the whole pool where a column names a symbol."""

_KINDS = {"str": "String", "int": "Int64", "float": "Float64"}


def candidates_parquet(rows: Sequence[CandidateRow]) -> bytes:
    """`candidates.parquet`, best first; NaN (undefined) is null."""
    import polars as pl

    columns = {
        one.name: pl.Series(
            one.name,
            [getattr(row, one.name) for row in rows],
            dtype=getattr(pl, _KINDS[getattr(one.type, "__name__", str(one.type))]),
        )
        for one in fields(CandidateRow)
    }
    frame = pl.DataFrame(columns).with_columns(pl.col(pl.Float64).fill_nan(None))
    return _bytes(frame)


def read_candidates(path: Path) -> list[CandidateRow]:
    """The rows of `candidates.parquet`, in its order; null is NaN again.

    Raises:
        NotFound: If there is no such file.
        Damaged: If it lacks a column.
    """
    import polars as pl

    frame = _read(path)
    names = [one.name for one in fields(CandidateRow)]
    missing = [name for name in names if name not in frame.columns and name != "strategy"]
    if missing:
        raise Damaged(
            f"{path} lacks the columns {', '.join(missing)}",
            allowed=", ".join(names),
            remedy="the engine that wrote it must keep docs/reference/run-directory.md",
        )
    if "strategy" not in frame.columns:
        frame = frame.with_columns(strategy=pl.lit(""))
    frame = frame.select(names).with_columns(pl.col(pl.Float64).fill_null(float("nan")))
    return [CandidateRow(*row) for row in frame.iter_rows()]


def trials_parquet(rows: TrialRows) -> bytes:
    """`trials.parquet`: by behaviour hash, the block sums in list columns of S values."""
    import polars as pl

    n_blocks = rows.block_sum.shape[1]
    frame = pl.DataFrame(
        {
            "behaviour_hash": pl.Series(hash_names(rows.behaviour), dtype=pl.String),
            "generation": pl.Series(rows.generation, dtype=pl.Int64),
            "n_trades": pl.Series(rows.n_trades, dtype=pl.Int64),
            **{f"sum_{b}": np.ascontiguousarray(rows.block_sum[:, b]) for b in range(n_blocks)},
            **{
                f"sum_sq_{b}": np.ascontiguousarray(rows.block_sum_sq[:, b])
                for b in range(n_blocks)
            },
        }
    )
    return _bytes(frame)


def read_trials(path: Path) -> TrialRows:
    """The rows of `trials.parquet`.

    Raises:
        NotFound: If there is no such file.
        Damaged: If it lacks a column.
    """
    frame = _read(path)
    sums = [name for name in frame.columns if name.startswith("sum_") and "sq" not in name]
    names = [
        "behaviour_hash",
        "generation",
        "n_trades",
        *sums,
        *(n.replace("sum_", "sum_sq_") for n in sums),
    ]
    if not sums or any(name not in frame.columns for name in names):
        raise Damaged(
            f"{path} lacks columns",
            allowed="behaviour_hash, generation, n_trades, sum_0 …, sum_sq_0 …",
            remedy="the engine that wrote it must keep docs/reference/run-directory.md",
        )
    try:
        behaviour = hash_values(frame["behaviour_hash"].to_list())
    except (ValueError, TypeError) as error:
        raise Damaged(
            f"{path} holds a behaviour hash that is none: {error}",
            allowed="32 hex digits",
            remedy="the engine that wrote it must keep docs/reference/run-directory.md",
        ) from error
    return TrialRows(
        behaviour,
        frame["generation"].to_numpy().astype(np.int64),
        frame["n_trades"].to_numpy().astype(np.int64),
        np.column_stack([frame[name].to_numpy() for name in sums]),
        np.column_stack([frame[name.replace("sum_", "sum_sq_")].to_numpy() for name in sums]),
    )


def returns_parquet(streams: Streams, symbols: Sequence[str]) -> bytes:
    """`returns.parquet`: pool first, then each symbol, bars in order.

    Columns: timestamp (UTC), symbol, position held during the bar, net_return and, of the pool
    alone, excess_return of the bar.
    """
    import polars as pl

    stamps = [streams.timestamp]
    names = [np.full(len(streams), POOL, dtype=object)]
    position, net, excess = [streams.held()], [streams.net()], [streams.excess()]
    for k, symbol in enumerate(symbols):
        rows = streams.present[:, k]
        stamps.append(streams.timestamp[rows])
        names.append(np.full(int(rows.sum()), symbol, dtype=object))
        position.append(streams.position[rows, k])
        net.append(streams.returns[rows, k])
        excess.append(np.full(int(rows.sum()), np.nan))
    frame = pl.DataFrame(
        {
            "timestamp": pl.Series(np.concatenate(stamps)).cast(pl.Datetime("ns", "UTC")),
            "symbol": pl.Series(np.concatenate(names).tolist(), dtype=pl.String),
            "position": np.concatenate(position),
            "net_return": np.concatenate(net),
            "excess_return": pl.Series(np.concatenate(excess)).fill_nan(None),
        }
    )
    return _bytes(frame)


def read_pool(path: Path) -> dict[str, Any]:
    """The pool's rows of `returns.parquet`: timestamp (UTC ns), position, net and excess, [T]."""
    import polars as pl

    frame = _read(path).filter(pl.col("symbol") == POOL)
    return {
        "timestamp": frame["timestamp"].cast(pl.Int64).to_numpy(),
        "position": frame["position"].to_numpy(),
        "net": frame["net_return"].to_numpy(),
        "excess": frame["excess_return"].to_numpy(),
    }


def _bytes(frame: "pl.DataFrame") -> bytes:
    buffer = io.BytesIO()
    version = {"schema_version": str(SCHEMA_VERSION)}
    frame.write_parquet(buffer, compression="zstd", statistics=True, metadata=version)
    return buffer.getvalue()


def _read(path: Path) -> "pl.DataFrame":
    import polars as pl

    if not is_filed(path):
        raise NotFound(f"{path.name} is not there: {path}", remedy="finish the run first")
    try:
        return pl.read_parquet(path if path.is_file() else io.BytesIO(read_filed(path)))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Damaged(f"{path} cannot be read as Parquet: {error}") from error
