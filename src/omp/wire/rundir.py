"""The run directory: what a run leaves behind, written once and read back by digest.

Everything here is plain JSON and bytes, so the control wing may use it; Parquet files are written
and read by the mining wing alone. A directory is finished when its `manifest.json` is there.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cattrs

from omp.domain.durable import write_durable
from omp.domain.errors import Damaged, NewerFormat, NotFound
from omp.domain.ids import check_id
from omp.wire.canonical import canonical, digest
from omp.wire.filed import content_name, digest_filed, is_filed, read_filed

SCHEMA_VERSION = 1

UNBOUND = ("manifest.json", "events.ndjson", "stderr.log")
"""Files that are still written after the manifest, so no digest can bind them."""

UNBOUND_FOLDERS = ("checkpoint", "looks", "exports")
"""Folders that belong to the attempt, or are added after the run with manifests of their own."""

CANDIDATE_FILES = (
    "strategy.toml",
    "metrics.obfs",
    "metrics.json",
    "trades.csv",
    "returns.parquet",
    "curves.json",
)
"""What a candidate's folder holds."""


@dataclass(frozen=True)
class RunDirectory:
    """The paths of one run's directory."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.json"

    @property
    def campaign(self) -> Path:
        return self.root / "campaign.toml"

    @property
    def events(self) -> Path:
        return self.root / "events.ndjson"

    @property
    def stderr(self) -> Path:
        return self.root / "stderr.log"

    @property
    def charges(self) -> Path:
        return self.root / "charges.ndjson"

    @property
    def checkpoint(self) -> Path:
        return self.root / "checkpoint"

    @property
    def divergence(self) -> Path:
        """What the determinism sentinel found; there only in a run that failed for it."""
        return self.root / "divergence.json"

    @property
    def evidence(self) -> Path:
        return self.root / "evidence.json"

    @property
    def summary(self) -> Path:
        return self.root / "summary.json"

    @property
    def candidates(self) -> Path:
        return self.root / "candidates.parquet"

    @property
    def trials(self) -> Path:
        return self.root / "trials.parquet"

    @property
    def elite(self) -> Path:
        """The run's local elite: one folder per candidate."""
        return self.root / "hall_of_fame"

    def candidate(self, candidate_id: str) -> Path:
        return self.elite / check_id(candidate_id, "candidate")

    def look(self, look_id: str) -> Path:
        return self.root / "looks" / check_id(look_id, "look")

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def finished(self) -> bool:
        return self.manifest.is_file()


@dataclass(frozen=True)
class Manifest:
    """`manifest.json`: provenance, exact counts and the digest of every file.

    Args:
        counts: `generations, genomes, distinct, without_trades, candidates, exported, folders,
            trials_kept` (rows of trials.parquet), `rechecked, diverged` (genomes evaluated again by
            the determinism sentinel, and how many gave other numbers: 0 in a finished run).
        block_lengths: Bars in each CSCV block, oldest first.
        ended_by: `generations`, or `max_runtime_s` where the time limit ended it.
        files: Path relative to the directory -> blake3 of its uncompressed bytes.
        content_digest: Digest over `files` without `charges.ndjson`: equal for the same campaign,
            data, seed and code, however often the run was interrupted.
    """

    schema_version: int
    run_id: str
    environment: str
    campaign: str
    config_hash: str
    data_digest: str
    lineage: str
    seed: int
    engine_version: str
    git_sha: str
    lock_digest: str
    cost_model: dict[str, float]
    counts: dict[str, int]
    block_lengths: list[int]
    ended_by: str
    attempts: int
    started_at: str
    finished_at: str
    content_digest: str
    files: dict[str, str]


def content_digest(files: dict[str, str]) -> str:
    """One digest for everything that is a function of campaign, data, seed and code."""
    bound = {name: value for name, value in files.items() if name != "charges.ndjson"}
    return digest(canonical(bound))


def files_below(root: Path) -> dict[str, str]:
    """Every file a manifest binds, with its blake3, in name order."""
    found: dict[str, str] = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_symlink() or not path.is_file() or relative.name.startswith("."):
            continue
        if relative.parts[0] in UNBOUND_FOLDERS or str(relative) in UNBOUND:
            continue
        name = content_name(relative.as_posix())
        try:
            found[name] = digest_filed(root / name)
        except Damaged:  # an engine's own file that only ends so
            found[relative.as_posix()] = digest(path.read_bytes())
    return found


def write_manifest(path: Path, manifest: Manifest) -> str:
    """Write the manifest, last and atomically; gives its digest."""
    data = canonical(asdict(manifest))
    write_durable(path, data)
    return digest(data)


_converter = cattrs.Converter(forbid_extra_keys=True)


def read_json(path: Path, *, remedy: str, expected_digest: str | None = None) -> dict[str, Any]:
    """A JSON object with a `schema_version` that this program knows.

    Raises:
        NotFound: If there is no such file.
        Damaged: If it is not such an object, or not the one whose digest is expected.
        NewerFormat: If a newer version of the program wrote it.
    """
    try:
        data = read_filed(path)
    except FileNotFoundError:
        raise NotFound(f"{path.name} is not there: {path}", remedy=remedy) from None
    if expected_digest is not None and digest(data) != expected_digest:
        raise Damaged(f"{path} was changed after it was written", remedy=remedy)
    try:
        document = json.loads(data)
        version = int(document["schema_version"])
    except (ValueError, TypeError, KeyError) as error:
        raise Damaged(
            f"{path} is not a JSON object with a version: {error}", remedy=remedy
        ) from None
    if version > SCHEMA_VERSION:
        raise NewerFormat(
            f"{path} has schema version {version}",
            allowed=f"version {SCHEMA_VERSION} and older",
            remedy="update the program",
        )
    result: dict[str, Any] = document
    return result


def read_manifest(path: Path) -> Manifest:
    """Read a run's manifest, strictly.

    Raises:
        NotFound: If the run is not finished.
        Damaged: If it does not have the shape of a manifest.
    """
    remedy = "resume the run with: combiner factory run --resume"
    document = read_json(path, remedy=remedy)
    try:
        return _converter.structure(document, Manifest)
    except (ValueError, TypeError, KeyError, cattrs.BaseValidationError) as error:
        raise Damaged(f"{path} does not have the shape of a manifest: {error}") from error


def changed_files(root: Path, files: dict[str, str]) -> tuple[str, ...]:
    """One sentence for each bound file that is missing or no longer has its digest."""
    faults = []
    for name, expected in sorted(files.items()):
        path = root / name
        if path.is_symlink() or not is_filed(path):
            faults.append(f"{name} is missing")
        elif not _has_digest(path, expected):
            faults.append(f"{name} does not have the digest in the manifest")
    return tuple(faults)


def _has_digest(path: Path, expected: str) -> bool:
    try:
        return digest_filed(path) == expected
    except Damaged:
        return False


def write_folder_manifest(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Bind the files of an added folder (an ensemble, a look) with a manifest of its own."""
    files = {name: digest_filed(folder / name) for name in sorted(names)}
    write_durable(
        folder / "manifest.json",
        canonical({"schema_version": SCHEMA_VERSION, "files": files}),
    )
    return files
