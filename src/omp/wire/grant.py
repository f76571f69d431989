"""A grant: the permission to look once at one sealed window, signed by the control wing.

Without a grant whose signature, run, subject and data match, the `look` child refuses. The key
lives in `state/keys/` (0600); the public half is all that a child needs.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from omp.domain.errors import LookRefused
from omp.wire.canonical import canonical, digest

PRIVATE_NAME = "grants.key"
PUBLIC_NAME = "grants.pub"


@dataclass(frozen=True)
class Grant:
    """What is granted: one subject, one window, one error level."""

    schema_version: int
    look_id: str
    run_id: str
    candidate_id: str
    subject_digest: str
    data_digest: str
    lineage: str
    window: str
    ordinal: int
    level: float
    granted_at: str

    @property
    def digest(self) -> str:
        """What the look's evidence must name."""
        return digest(canonical(asdict(self)))


def make_keys(folder: Path) -> None:
    """Create the key pair unless it is there; the private half is readable by its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    private_path, public_path = folder / PRIVATE_NAME, folder / PUBLIC_NAME
    if private_path.exists() and public_path.exists():
        return
    key = Ed25519PrivateKey.generate()
    raw = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    handle = os.open(private_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    public_path.write_bytes(public)


def private_key(folder: Path) -> Ed25519PrivateKey:
    """The signing key of the workspace."""
    key = serialization.load_pem_private_key((folder / PRIVATE_NAME).read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise LookRefused(f"{folder / PRIVATE_NAME} is not an Ed25519 key")
    return key


def sign_grant(grant: Grant, folder: Path) -> bytes:
    """The grant file's bytes: the grant and its signature."""
    signature = private_key(folder).sign(canonical(asdict(grant)))
    return canonical({"grant": asdict(grant), "signature": signature.hex()})


def read_grant(path: Path, folder: Path) -> Grant:
    """Read and verify a grant file.

    Raises:
        LookRefused: If the file is absent, misshapen, or not signed by this workspace.
    """
    remedy = "looks are granted by the daemon alone: omp promote-check RUN shows what is missing"
    try:
        document = json.loads(path.read_bytes())
        grant = Grant(**document["grant"])
        signature = bytes.fromhex(document["signature"])
        key = serialization.load_pem_public_key((folder / PUBLIC_NAME).read_bytes())
    except FileNotFoundError as error:
        raise LookRefused(f"no grant: {error.filename} is not there", remedy=remedy) from None
    except (ValueError, TypeError, KeyError) as error:
        raise LookRefused(f"{path} is not a grant: {error}", remedy=remedy) from error
    if not isinstance(key, Ed25519PublicKey):
        raise LookRefused(f"{folder / PUBLIC_NAME} is not an Ed25519 key", remedy=remedy)
    try:
        key.verify(signature, canonical(asdict(grant)))
    except InvalidSignature:
        raise LookRefused(
            f"the grant {path} was not signed by this workspace", remedy=remedy
        ) from None
    return grant
