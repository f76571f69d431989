"""The manifest of a backup: every file by the hash of its bytes, and the record it holds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import cattrs

from omp.domain.durable import write_durable
from omp.domain.errors import Damaged
from omp.store.journal import Head
from omp.wire.canonical import canonical, digest_of
from omp.wire.rundir import SCHEMA_VERSION, read_json

PREFIX = "backup-"
REMEDY = "use another backup, or make one: omp backup"


@dataclass(frozen=True)
class BackupFile:
    """One file of the workspace.

    Args:
        digest: blake3 of its bytes; its content lies under that name in `objects/`.
    """

    digest: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a backup holds; its file is `backup-<instant>.json`.

    Args:
        root: Where the workspace stood.
        revision: Schema of the database.
        head: Last record of the journal in the copy.
        database: The copy of the database.
        files: Path in the workspace -> file; the keys are in `backup-<instant>.keys`.
        keys_sealed: That file needs the passphrase.
        faults: What the record names and was missing or changed already when it was made.
        digest: Over everything else.
    """

    schema_version: int
    name: str
    workspace_id: str
    root: str
    made_at: str
    engine_version: str
    revision: str
    head: Head
    database: BackupFile
    files: Mapping[str, BackupFile]
    keys_sealed: bool
    faults: tuple[str, ...] = ()
    digest: str = ""

    @property
    def expected_digest(self) -> str:
        """The digest it must have."""
        document = asdict(self)
        del document["digest"]
        return digest_of(document)

    @property
    def digests(self) -> frozenset[str]:
        """Every content it needs."""
        return frozenset(one.digest for one in (self.database, *self.files.values()))

    @property
    def bytes(self) -> int:
        """What a restored workspace weighs."""
        return self.database.bytes + sum(one.bytes for one in self.files.values())


_converter = cattrs.Converter(forbid_extra_keys=True)


def write_manifest(path: Path, manifest: Manifest) -> Manifest:
    """Write it, whole or not at all; gives it with its digest."""
    document = {**asdict(manifest), "digest": manifest.expected_digest}
    write_durable(path, canonical(document) + b"\n")
    path.chmod(0o600)
    return _converter.structure(document, Manifest)


def read_manifest(path: Path) -> Manifest:
    """Read and prove a manifest.

    Raises:
        NotFound: It is not there.
        Damaged: It was changed, or names a path outside a workspace.
        NewerFormat: A newer program wrote it.
    """
    document = read_json(path, remedy=REMEDY)
    try:
        found = _converter.structure(document, Manifest)
    except (ValueError, TypeError, KeyError, cattrs.BaseValidationError) as error:
        raise Damaged(f"{path} is no manifest of a backup: {error}", remedy=REMEDY) from None
    if found.digest != found.expected_digest or found.schema_version != SCHEMA_VERSION:
        raise Damaged(f"{path} was changed after it was written", remedy=REMEDY)
    for name in found.files:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or str(pure) != name:
            raise Damaged(f"{path} names {name!r}, which is no path inside", remedy=REMEDY)
    return found


def manifests(folder: Path) -> tuple[Path, ...]:
    """The manifests in a folder, the oldest first."""
    found = sorted(folder.glob(f"{PREFIX}*.json")) if folder.is_dir() else []
    return tuple(path for path in found if path.is_file() and not path.is_symlink())
