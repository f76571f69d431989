"""The catalog: content-addressed snapshots of market data, their sealed part apart.

    data/snapshots/<digest>/   manifest.json, bars.parquet (before the boundary), readiness.json,
                               calendar.json (sessions with and without bars, for the page)
    state/sealed/<digest>/     manifest.json, bars.parquet (from the boundary on), 0700
    data/sets/<name>.json      which snapshot a data set's name means now

A snapshot appears whole or not at all: its sealed part first, its mining part last.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import blake3
import numpy as np
import rfc8785

from omp.domain.boundary import standing
from omp.domain.errors import DataNotReady, InvalidInput, NotFound
from omp.domain.ids import check_id
from omp.market import snapshot as snap
from omp.market.bars import Bars, Panel, make_panel
from omp.market.certificate import Certificate
from omp.market.coverage import CALENDAR_FILE, coverage
from omp.market.data_sets import DataSets
from omp.market.durable import publish_folder
from omp.market.known_bars import SameBars, known_bars
from omp.market.lineage import Lineage, from_record, meeting, read_lineages
from omp.market.snapshot import BARS_FILE, MANIFEST_FILE, READINESS_FILE, Snapshot
from omp.market.splits import boundary_index, iso, parse_iso
from omp.market.venues import venue
from omp.market.venues.base import DAY_NS

ENVIRONMENTS = ("real", "demo", "synthetic", "test")
SHORTEST_PREFIX = 8


@dataclass(frozen=True)
class Source:
    """Where data came from: how it was read, from which file, under which licence."""

    importer: str
    path_name: str
    licence: str = "not stated"
    provenance: dict[str, Any] = field(default_factory=dict)


class Catalog:
    """The snapshots of one workspace.

    Args:
        workspace: the workspace's root; folders are made when first needed.
    """

    def __init__(self, workspace: Path) -> None:
        self.snapshots = workspace / "data" / "snapshots"
        self.sets = DataSets(workspace / "data" / "sets")
        self.sealed = workspace / "state" / "sealed"
        self.incoming = workspace / "data" / "incoming"
        self.lineages_file = workspace / "data" / "lineages.json"

    # ---------------------------------------------------------------- find

    def digests(self) -> tuple[str, ...]:
        """The digests of all snapshots, in order."""
        return tuple(
            sorted(path.parent.name for path in self.snapshots.glob("[!.]*/manifest.json"))
        )

    def resolve(self, source: str) -> Snapshot:
        """The snapshot a data set's name, a digest, or the first 8 or more digits of one means.

        Raises:
            NotFound: when no data set or snapshot is so named, or a prefix fits several.
            Damaged: when the pointer or the manifest cannot be read or was changed.
        """
        current = self.sets.current(source)
        if current is not None:
            return self._open(current)
        known = self.digests()
        fits = [digest for digest in known if digest.startswith(source)]
        if len(source) >= SHORTEST_PREFIX and len(fits) == 1:
            return self._open(fits[0])
        raise NotFound(
            f"no data set or snapshot is named {source!r}"
            + (f" ({len(fits)} digests begin so)" if len(fits) > 1 else ""),
            allowed="data sets: " + (", ".join(self.sets.names()) or "none yet"),
            remedy=f"combiner data import PATH --name {source}",
        )

    def open_mining(self, digest: str) -> Panel:
        """The bars before the boundary, and nothing else of the snapshot.

        Raises:
            NotFound: when there is no such snapshot.
            Damaged: when any byte of it differs from what its digest says.
            DataNotReady: when its certificate is not a plain yes, or its lineage has meanwhile
                been given an earlier boundary.
        """
        found = self.resolve(digest)
        self._require_ready(found)
        self._require_boundary(found)
        files = found.manifest["files"]
        return snap.read_panel(found.path, found.manifest, "mining", files[BARS_FILE])

    def open_sealed(self, digest: str) -> Panel:
        """The bars from the boundary on. Only a look, and the next import's comparison, call this.

        Raises:
            NotFound: when there is no such snapshot.
            Damaged: when the sealed part is missing or differs from what the digest says.
        """
        found = self.resolve(digest)
        expected = self._sealed_file_digest(found)
        return snap.read_panel(self.sealed / found.digest, found.manifest, "sealed", expected)

    def whole(self, digest: str) -> Panel:
        """The bars of both parts, for comparison with a new import and for what is derived.

        Raises:
            NotFound: when there is no such snapshot.
            Damaged: when any byte of either part differs from what its digest says.
        """
        found = self.resolve(digest)
        parts = [
            snap.read_panel(
                found.path, found.manifest, "mining", found.manifest["files"][BARS_FILE]
            ),
            self.open_sealed(digest),
        ]
        bars: dict[str, Bars] = {}
        for one in (one for part in parts for one in part.bars):
            bars[one.symbol] = bars[one.symbol].followed_by(one) if one.symbol in bars else one
        cash = np.concatenate([part.cash for part in parts])
        made = parts[0]
        return make_panel(
            tuple(bars.values()), made.timeframe, made.venue, made.periods_per_year, cash
        )

    def verify(self, digest: str) -> None:
        """Prove both parts of a snapshot, and that its mining part may be mined.

        Raises:
            Damaged: when any byte of either part differs from what the digest says.
            DataNotReady: as `open_mining` says.
        """
        self.open_mining(digest)
        found = self.resolve(digest)
        folder = self.sealed / found.digest
        snap.prove_bars_file(folder, "sealed", self._sealed_file_digest(found))

    def lineages(self) -> tuple[Lineage, ...]:
        """Lineages the orchestrator has exported, and those of this catalog's snapshots.

        Where both know a lineage, the exported boundary counts: it alone can move.
        """
        exported = read_lineages(self.lineages_file)
        moved = {one.name: one for one in exported}
        own = [from_record(self._open(digest).manifest, "symbols") for digest in self.digests()]
        kept = [_as_moved(one, moved.get(one.name, one)) for one in own]
        return (*exported, *kept)

    # ---------------------------------------------------------------- publish

    def publish(
        self,
        panel: Panel,
        *,
        name: str,
        environment: str,
        source: Source,
        certificate: Certificate,
        sealed_fraction: float = 0.3,
        min_sealed_bars: int = 250,
        lineages: Sequence[Lineage] | None = None,
        engine_version: str = "",
        remarks: Mapping[str, Any] | None = None,
    ) -> Snapshot:
        """Split a panel at its lineage's boundary and publish both parts under its digest.

        Args:
            panel: the whole series.
            name: the data set's name, which from now on means this snapshot.
            environment: `real`, `demo`, `synthetic` or `test`.
            source: where the data came from.
            certificate: the answer of `readiness.judge` for this panel.
            sealed_fraction: share of the union calendar that a new lineage seals.
            min_sealed_bars: fewest bars a sealed window may have.
            lineages: the known lineages; by default those of the workspace.
            engine_version: version of the program, for the record.
            remarks: further entries of the manifest; none of them may tell a sealed price. The
                universe among them is part of the digest.

        Raises:
            DataNotReady: when the certificate is not a plain yes or the window is too short.
            DiskFull: when there is no room; nothing is changed then.
        """
        check_id(name, "data set")
        if environment not in ENVIRONMENTS:
            raise InvalidInput(
                f"environment {environment!r}", allowed=", ".join(ENVIRONMENTS), remedy="choose one"
            )
        certificate.require(name)
        known = self.lineages() if lineages is None else tuple(lineages)
        first_ns, last_ns = int(panel.timestamp[0]), int(panel.timestamp[-1])
        joins = meeting(
            known,
            environment=environment,
            venue=panel.venue,
            symbols=panel.symbols,
            first_ns=first_ns,
            last_ns=last_ns,
        )
        same_bars: tuple[SameBars, ...] = ()
        if lineages is None:
            same_bars = known_bars(self, panel, environment, {one.name for one in joins})
        if same_bars:
            remarks = {**(remarks or {}), "same_bars": [one.record() for one in same_bars]}
            joins = meeting(
                known,
                environment=environment,
                venue=panel.venue,
                symbols=panel.symbols,
                first_ns=first_ns,
                last_ns=last_ns,
                also={one.lineage for one in same_bars if one.environment == environment},
            )
        if joins:
            boundary_ns = standing([(one.boundary_ns, one.opened) for one in joins])
        else:
            boundary_ns = int(panel.timestamp[boundary_index(len(panel), sealed_fraction)])
        mining = panel.window(first_ns, boundary_ns - 1)
        sealed = panel.window(boundary_ns, last_ns)
        _require_lengths(name, mining, sealed, boundary_ns, min_sealed_bars)

        header = {
            "schema_version": snap.SCHEMA_VERSION,
            "environment": environment,
            "venue": panel.venue,
            "timeframe": panel.timeframe,
            "symbols": list(panel.symbols),
            "periods_per_year": panel.periods_per_year,
            "boundary": iso(boundary_ns),
            "content": {
                "mining": snap.content_digest(mining),
                "sealed": snap.content_digest(sealed),
            },
        }
        if (remarks or {}).get("universe"):
            header["of_universe"] = (remarks or {})["universe"]
        digest = snap.header_digest(header)
        if not (self.snapshots / digest / MANIFEST_FILE).is_file():
            manifest = (
                dict(remarks or {})
                | header
                | {
                    "digest": digest,
                    "name": name,
                    "source": asdict(source),
                    "first": iso(first_ns),
                    "last": iso(last_ns),
                    "rows": mining.n_bars,
                    "rows_sealed": sealed.n_bars,
                    "bars": len(mining),
                    "bars_sealed": len(sealed),
                    "bars_per_symbol": {one.symbol: len(one) for one in panel.bars},
                    "lineage": min((one.name for one in joins), default=f"lin_{digest[:20]}"),
                    "joins": sorted({one.name for one in joins}),
                    "parent": self.sets.current(name),
                    "created_by": engine_version,
                }
            )
            self._write(manifest, mining, sealed, certificate)
        found = self._open(digest)
        self.sets.point(name, digest)
        return found

    def _write(
        self, manifest: dict[str, Any], mining: Panel, sealed: Panel, certificate: Certificate
    ) -> None:
        digest = manifest["digest"]
        folder = self.sealed / digest
        self.sealed.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sealed.chmod(0o700)
        if not folder.exists():
            bars = snap.bars_to_parquet(sealed)
            note = {
                "schema_version": snap.SCHEMA_VERSION,
                "digest": digest,
                "rows": sealed.n_bars,
                "files": {BARS_FILE: blake3.blake3(bars).hexdigest()},
            }
            files = {BARS_FILE: bars, MANIFEST_FILE: _json(note)}
            publish_folder(files, folder, mode=0o700, file_mode=0o600)
        files = {
            BARS_FILE: snap.bars_to_parquet(mining),
            READINESS_FILE: _json(certificate.bound(digest, manifest["boundary"]).record()),
            CALENDAR_FILE: _json(coverage((mining, sealed), venue(mining.venue))),
        }
        listed = {name: blake3.blake3(data).hexdigest() for name, data in files.items()}
        files[MANIFEST_FILE] = _json(manifest | {"files": listed})
        publish_folder(files, self.snapshots / digest, mode=0o755, file_mode=0o644)

    # ---------------------------------------------------------------- inside

    def _open(self, digest: str) -> Snapshot:
        path = self.snapshots / digest
        return Snapshot(digest, path, snap.read_manifest(path))

    def _sealed_file_digest(self, found: Snapshot) -> str:
        folder = self.sealed / found.digest
        try:
            return str(json.loads((folder / MANIFEST_FILE).read_bytes())["files"][BARS_FILE])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise snap.damaged(folder, f"its sealed part cannot be read ({error})") from error

    def _require_ready(self, found: Snapshot) -> None:
        data = _proven_note(found, READINESS_FILE, "certificate of readiness")
        if CALENDAR_FILE in found.manifest["files"]:  # older snapshots have none
            _proven_note(found, CALENDAR_FILE, "calendar picture")
        certificate = Certificate.from_record(json.loads(data))
        if certificate.digest not in ("", found.digest):  # older certificates name none
            raise snap.damaged(found.path, "its certificate is that of another snapshot")
        certificate.require(found.name)

    def _require_boundary(self, found: Snapshot) -> None:
        """A lineage that was joined with an older one may not be mined past its new boundary."""
        mine = from_record(found.manifest, "symbols")
        joined = meeting(
            read_lineages(self.lineages_file),
            environment=mine.environment,
            venue=found.venue,
            symbols=found.symbols,
            first_ns=mine.first_ns,
            last_ns=mine.last_ns,
            also=(mine.name,),
        )
        sealed_from = standing([(one.boundary_ns, one.opened) for one in joined or (mine,)])
        if sealed_from < parse_iso(found.boundary):
            raise DataNotReady(
                f"{found.name} ({found.digest[:12]}) is cut at {found.boundary}, but its lineage "
                f"is sealed from {iso(sealed_from)} on",
                allowed="snapshots cut at or before the boundary of their lineage",
                remedy="import the same data again; the new snapshot takes the earlier boundary",
                faults=("boundary",),
            )


def _as_moved(one: Lineage, moved: Lineage) -> Lineage:
    return replace(one, boundary_ns=moved.boundary_ns, opened=moved.opened)


def _proven_note(found: Snapshot, file: str, what: str) -> bytes:
    try:
        data = (found.path / file).read_bytes()
    except OSError as error:
        raise snap.damaged(found.path, f"its {what} cannot be read ({error})") from error
    if blake3.blake3(data).hexdigest() != found.manifest["files"][file]:
        raise snap.damaged(found.path, f"its {what} was changed")
    return data


def _require_lengths(
    name: str, mining: Panel, sealed: Panel, boundary_ns: int, min_sealed_bars: int
) -> None:
    unit = "bars" if mining.timeframe == "1d" else "days with bars"
    before, after = (
        len(one) if unit == "bars" else np.unique(one.timestamp // DAY_NS).size
        for one in (mining, sealed)
    )
    if min(before, after) < min_sealed_bars:
        raise DataNotReady(
            f"{name} has {before} {unit} before the boundary {iso(boundary_ns)} and "
            f"{after} sealed from it on",
            allowed=f"at least {min_sealed_bars} {unit} on each side",
            remedy="import a longer history of these symbols",
            faults=("too_short",),
        )


def _json(record: dict[str, Any]) -> bytes:
    data: bytes = rfc8785.dumps(record)
    return data
