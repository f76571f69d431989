"""A snapshot on disk: its canonical content, its digest, its Parquet files, and reading it back.

The digest names the content: blake3 of the canonical header (RFC 8785), which holds the
environment, the boundary, and the blake3 of the canonical bytes of the mining part and of the
sealed part. So the mining part can be proven against the name of its folder without touching the
sealed part.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import blake3
import numpy as np
import rfc8785

from omp.domain.errors import Damaged, NewerFormat
from omp.market.bars import FIELDS, Bars, Panel, make_panel

SCHEMA_VERSION = 1
FEATURE = "feature:"
"""Before the name of a user's own column in the Parquet file."""
TRADED = "traded:"
"""Before the name of a column as traded in the Parquet file."""
BARS_FILE = "bars.parquet"
MANIFEST_FILE = "manifest.json"
READINESS_FILE = "readiness.json"
HEADER = (
    "schema_version",
    "environment",
    "venue",
    "timeframe",
    "symbols",
    "periods_per_year",
    "boundary",
    "content",
)

HEADER_IF_ANY = ("of_universe",)
"""Fields of the header that only some snapshots have: the list whose members the symbols are.

A universe of which every symbol was always a member has the bars of its parent, and is another.
"""


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot: where it is and what its manifest says."""

    digest: str
    path: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @property
    def environment(self) -> str:
        return str(self.manifest["environment"])

    @property
    def venue(self) -> str:
        return str(self.manifest["venue"])

    @property
    def timeframe(self) -> str:
        return str(self.manifest["timeframe"])

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(self.manifest["symbols"])

    @property
    def lineage(self) -> str:
        return str(self.manifest["lineage"])

    @property
    def boundary(self) -> str:
        """First sealed instant, ISO UTC."""
        return str(self.manifest["boundary"])

    @property
    def manifest_path(self) -> Path:
        return self.path / MANIFEST_FILE


def content_digest(panel: Panel) -> str:
    """blake3 of a panel's values: per symbol its name, times, columns, cash, own features and
    columns as traded.

    All numbers are little-endian 8-byte words, so the digest depends on no file format and no
    compression level.
    """
    hasher = blake3.blake3()
    for one, row in zip(panel.bars, panel.row, strict=True):
        name = one.symbol.encode()
        hasher.update(len(name).to_bytes(4, "little") + name + len(one).to_bytes(8, "little"))
        hasher.update(one.timestamp.astype("<i8").tobytes())
        for field in FIELDS:
            hasher.update((getattr(one, field) + 0.0).astype("<f8").tobytes())
        hasher.update((panel.cash[row] + 0.0).astype("<f8").tobytes())
        for label, column in sorted(one.features.items()):
            hasher.update(f"{FEATURE}{label}\0".encode() + _canonical(column).tobytes())
        for label, column in sorted(one.traded.items()):
            hasher.update(f"{TRADED}{label}\0".encode() + _canonical(column).tobytes())
    return hasher.hexdigest()


def _canonical(column: Any) -> Any:
    """A column with one zero and one NaN, as little-endian words."""
    return np.where(np.isnan(column), np.nan, column + 0.0).astype("<f8")


def header_digest(manifest: dict[str, Any]) -> str:
    """The digest of a snapshot, from the header fields of its manifest."""
    named = {key: manifest[key] for key in HEADER}
    named |= {key: manifest[key] for key in HEADER_IF_ANY if key in manifest}
    return blake3.blake3(rfc8785.dumps(named)).hexdigest()


def bars_to_parquet(panel: Panel) -> bytes:
    """The panel as Parquet, one row per bar and symbol, symbols in order."""
    import polars as pl

    columns: dict[str, Any] = {
        "symbol": np.repeat(
            np.arange(len(panel.symbols), dtype=np.uint32), [len(one) for one in panel.bars]
        ),
        "timestamp": _joined([one.timestamp for one in panel.bars], np.int64),
    }
    for field in FIELDS:
        columns[field] = _joined([getattr(one, field) for one in panel.bars], np.float64)
    columns["cash"] = _joined([panel.cash[row] for row in panel.row], np.float64)
    for name in sorted({name for one in panel.bars for name in one.features}):
        columns[FEATURE + name] = _joined([one.features[name] for one in panel.bars], np.float64)
    if any(one.traded for one in panel.bars):
        for name in FIELDS:
            columns[TRADED + name] = _joined(
                [one.as_traded(name) for one in panel.bars], np.float64
            )
    names = pl.Series("symbol", panel.symbols, dtype=pl.String)
    frame = pl.DataFrame(columns).with_columns(
        symbol=names.gather(pl.Series(columns["symbol"])) if panel.symbols else names
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()


def _joined(parts: list[Any], dtype: Any) -> Any:
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)


def panel_from_parquet(data: bytes, manifest: dict[str, Any]) -> Panel:
    """The panel that `bars_to_parquet` wrote."""
    import polars as pl

    frame = pl.read_parquet(io.BytesIO(data))
    stamps = frame["timestamp"].to_numpy()
    columns = {field: frame[field].to_numpy() for field in (*FIELDS, "cash")}
    own = [name for name in frame.columns if name.startswith(FEATURE)]
    features = {name.removeprefix(FEATURE): frame[name].to_numpy() for name in own}
    kept = [name for name in FIELDS if TRADED + name in frame.columns]
    traded = {name: frame[TRADED + name].to_numpy() for name in kept}
    runs = frame.select(pl.col("symbol").rle().struct.unnest()) if frame.height else None
    bars, start = [], 0
    for symbol, length in zip(runs["value"], runs["len"], strict=True) if runs is not None else ():
        cut = slice(start, start + length)
        extra = {name: column[cut] for name, column in features.items()}
        opened, high, low, close, volume = (columns[field][cut] for field in FIELDS)
        was = {name: column[cut] for name, column in traded.items()}
        bars.append(Bars(symbol, stamps[cut], opened, high, low, close, volume, extra, was))
        start += length
    union, where = np.unique(stamps, return_index=True)
    cash = columns["cash"][where] if union.size else None
    return make_panel(
        bars, manifest["timeframe"], manifest["venue"], manifest["periods_per_year"], cash
    )


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a snapshot folder, proven against the folder's name.

    Raises:
        Damaged: when it cannot be read, or is not the one the folder's name was made from.
        NewerFormat: when a newer version wrote it.
    """
    name = f"snapshot {path.name[:12]}"
    try:
        manifest: dict[str, Any] = json.loads((path / MANIFEST_FILE).read_bytes())
        version = int(manifest["schema_version"])
        if version > SCHEMA_VERSION:
            raise NewerFormat(
                f"{name} has format {version}",
                allowed=f"format {SCHEMA_VERSION} and older",
                remedy="upgrade, or import the data again with this version",
            )
        found = header_digest(manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, f"its manifest cannot be read ({error})") from error
    if found != path.name or manifest.get("digest") != path.name:
        raise damaged(path, f"its manifest describes other content ({found[:12]})")
    return manifest


def read_panel(path: Path, manifest: dict[str, Any], part: str, file_digest: str) -> Panel:
    """The bars of one part of a snapshot, proven byte for byte and value for value.

    Args:
        path: the folder that holds the bars file.
        manifest: the proven manifest of the snapshot.
        part: `mining` or `sealed`.
        file_digest: blake3 that the bars file must have.

    Raises:
        Damaged: when the file is missing, changed, or holds other values than the digest says.
    """
    data = prove_bars_file(path, part, file_digest)
    panel = panel_from_parquet(data, manifest)
    if content_digest(panel) != manifest["content"][part]:
        raise damaged(path, f"its {part} bars are not those its digest names")
    return panel


def prove_bars_file(path: Path, part: str, file_digest: str) -> bytes:
    """The bytes of a bars file, proven against its blake3 without looking into them.

    Raises:
        Damaged: when the file is missing or changed.
    """
    try:
        data = (path / BARS_FILE).read_bytes()
    except OSError as error:
        raise damaged(path, f"its {part} bars cannot be read ({error})") from error
    if blake3.blake3(data).hexdigest() != file_digest:
        raise damaged(path, f"the file of its {part} bars was changed")
    return data


def damaged(path: Path, what: str) -> Damaged:
    """The refusal of a snapshot that is not what its name says."""
    return Damaged(
        f"snapshot {path.name[:12]} at {path} is damaged: {what}",
        allowed="snapshots whose every byte matches their digest",
        remedy="restore the folder from a backup, or move it away and import the data again",
    )
