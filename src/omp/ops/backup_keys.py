"""The workspace's keys in a backup: in a file apart, readable by its owner, sealed if a passphrase
is given.

Sealed: AES-256-GCM under a key that scrypt (Percival 2009; n 2**16, r 8, p 1) makes of the
passphrase. The passphrase comes from the environment variable OMP_BACKUP_PASSPHRASE, never from a
command line, where every user of the machine could read it.
"""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from omp.domain.errors import Damaged, InvalidInput
from omp.ops.workspace import write_private
from omp.wire.canonical import canonical
from omp.wire.rundir import SCHEMA_VERSION, read_json

VARIABLE = "OMP_BACKUP_PASSPHRASE"
_COST, _BLOCK, _LANES = 2**16, 8, 1
_REMEDY = "use another backup; without its keys no grant and no attestation can be checked"


def passphrase() -> str | None:
    """What the environment gives; None where there is none."""
    return os.environ.get(VARIABLE) or None


def write_keys(folder: Path, target: Path, name: str) -> bool:
    """Write the keys of a workspace apart; says whether they are sealed.

    Args:
        folder: The workspace's keys.
        target: The file, made with mode 0600.
        name: The backup it belongs to, which a seal covers too.
    """
    keys = {
        one.name: base64.b64encode(one.read_bytes()).decode()
        for one in sorted(folder.iterdir())
        if one.is_file() and not one.is_symlink() and not one.name.startswith(".")
    }
    plain, secret = canonical(keys), passphrase()
    document: dict[str, object] = {"schema_version": SCHEMA_VERSION, "backup": name}
    if secret is None:
        document["keys"] = keys
    else:
        salt, nonce = os.urandom(16), os.urandom(12)
        sealed = AESGCM(_stretched(secret, salt)).encrypt(nonce, plain, name.encode())
        for key, value in (("salt", salt), ("nonce", nonce), ("sealed", sealed)):
            document[key] = base64.b64encode(value).decode()
    write_private(target, canonical(document) + b"\n")
    return secret is not None


def read_keys(path: Path, name: str) -> Mapping[str, bytes]:
    """File name -> content of each key of a backup.

    Raises:
        InvalidInput: They are sealed and the passphrase is missing or wrong.
        Damaged: The file is not what it must be.
        NotFound: It is not there.
    """
    document = read_json(path, remedy=_REMEDY)
    try:
        if "sealed" in document:
            parts = [base64.b64decode(document[key]) for key in ("salt", "nonce", "sealed")]
            keys = json.loads(_opened(*parts, name=name))
        else:
            keys = document["keys"]
        return {str(key): base64.b64decode(value) for key, value in keys.items()}
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Damaged(f"{path} holds no keys: {error}", remedy=_REMEDY) from None


def _opened(salt: bytes, nonce: bytes, sealed: bytes, *, name: str) -> bytes:
    secret = passphrase()
    if secret is None:
        raise InvalidInput(
            "the keys of this backup are sealed with a passphrase",
            allowed=f"the passphrase in the environment variable {VARIABLE}",
            remedy=f"set {VARIABLE}, then run the same command again",
        )
    try:
        return AESGCM(_stretched(secret, salt)).decrypt(nonce, sealed, name.encode())
    except InvalidTag:
        raise InvalidInput(
            f"the passphrase in {VARIABLE} does not open the keys of this backup",
            allowed="the passphrase it was made with",
            remedy="set the right one, or use another backup",
        ) from None


def _stretched(secret: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_COST, r=_BLOCK, p=_LANES).derive(secret.encode())
