"""Which code, which libraries, which configuration: the provenance of every number."""

import shutil
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import blake3
import rfc8785

_PACKAGE = "omp"


def config_hash(content: Mapping[str, Any]) -> str:
    """blake3 of a configuration's canonical JSON: the order of keys and comments do not matter."""
    return blake3.blake3(rfc8785.dumps(dict(content))).hexdigest()


@lru_cache(maxsize=1)
def engine_version() -> str:
    """The version of this package."""
    try:
        return metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError:
        return "0.0.0+unpackaged"


def _repository() -> Path | None:
    root = Path(__file__).resolve().parents[3]
    is_ours = (root / ".git").exists() and (root / "src" / _PACKAGE / "config").is_dir()
    return root if is_ours else None


def _git(root: Path, *arguments: str) -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-C", str(root), *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _head_by_hand(root: Path) -> str | None:
    """The commit of HEAD read from the files of git, for a machine without the program."""
    folder = root / ".git"
    try:
        head = (folder / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head
        ref = folder / head[5:]
        if ref.is_file():
            return ref.read_text(encoding="ascii").strip()
        for line in (folder / "packed-refs").read_text(encoding="ascii").splitlines():
            if line.endswith(" " + head[5:]):
                return line.split(" ", 1)[0]
    except OSError:
        return None
    return None


def _package_record() -> str:
    """Identity of an installed package: the digest of the list of its files and their hashes."""
    try:
        record = metadata.distribution(_PACKAGE).read_text("RECORD")
    except metadata.PackageNotFoundError:
        record = None
    if record is None:
        return "unknown"
    return "pkg-" + blake3.blake3(record.encode("utf-8")).hexdigest()[:40]


@lru_cache(maxsize=1)
def git_sha() -> str:
    """The commit this code is; `-dirty` when it was changed since.

    Without a repository: `pkg-` and the digest of the installed package's file list. Where git
    itself is absent the commit is read from its files, and counts as dirty, since nobody compared.
    """
    root = _repository()
    if root is None:
        return _package_record()
    head = _git(root, "rev-parse", "HEAD")
    if head is None:
        by_hand = _head_by_hand(root)
        return f"{by_hand}-dirty" if by_hand else _package_record()
    changed = _git(root, "status", "--porcelain", "--", "src", "pyproject.toml", "uv.lock")
    return head if changed == "" else f"{head}-dirty"


@lru_cache(maxsize=1)
def lock_digest() -> str:
    """blake3 of the lock file, or `env-` and the digest of the installed names and versions."""
    root = _repository()
    if root is not None and (root / "uv.lock").is_file():
        return blake3.blake3((root / "uv.lock").read_bytes()).hexdigest()
    installed = sorted(f"{one.name}=={one.version}" for one in metadata.distributions())
    return "env-" + blake3.blake3("\n".join(installed).encode("utf-8")).hexdigest()[:40]
