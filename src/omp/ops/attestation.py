"""The attestation of an entry: an in-toto statement in a DSSE envelope, signed by the workspace.

DSSE: https://github.com/secure-systems-lab/dsse; statement: https://in-toto.io/Statement/v1. The
signature is Ed25519 over the pre-authentication encoding of type and payload.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from omp.domain.errors import Damaged
from omp.wire.canonical import canonical
from omp.wire.grant import PUBLIC_NAME, private_key

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:omp:hall-of-fame:promotion:v1"


def attest(files: Mapping[str, str], predicate: Mapping[str, Any], keys: Path) -> bytes:
    """The envelope's bytes.

    Args:
        files: File of the entry -> blake3.
        predicate: What is attested: provenance and verdicts.
        keys: Folder of the workspace's keys.
    """
    statement = {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {"blake3": value}} for name, value in sorted(files.items())
        ],
        "predicateType": PREDICATE,
        "predicate": dict(predicate),
    }
    payload = canonical(statement)
    signature = private_key(keys).sign(_encoded(payload))
    return canonical(
        {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [
                {"keyid": key_id(public_pem(keys)), "sig": base64.b64encode(signature).decode()}
            ],
        }
    )


def verify(envelope: bytes, pem: bytes) -> dict[str, Any]:
    """The statement inside an envelope whose signature fits the public key.

    Raises:
        Damaged: It is no envelope, or was not signed with that key.
    """
    remedy = "restore the entry from a backup, or quarantine it: omp hall quarantine"
    key = serialization.load_pem_public_key(pem)
    try:
        document = json.loads(envelope)
        payload = base64.b64decode(document["payload"], validate=True)
        signature = base64.b64decode(document["signatures"][0]["sig"], validate=True)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Damaged(f"attestation.json is no envelope: {error}", remedy=remedy) from None
    if not isinstance(key, Ed25519PublicKey) or document.get("payloadType") != PAYLOAD_TYPE:
        raise Damaged("attestation.json is of another kind", remedy=remedy)
    try:
        key.verify(signature, _encoded(payload))
    except InvalidSignature:
        raise Damaged("attestation.json was not signed by this workspace", remedy=remedy) from None
    statement: dict[str, Any] = json.loads(payload)
    return statement


def public_pem(keys: Path) -> bytes:
    """The workspace's public key."""
    return (keys / PUBLIC_NAME).read_bytes()


def key_id(pem: bytes) -> str:
    """A short name of a key: the sha256 of its PEM text."""
    return hashlib.sha256(pem).hexdigest()


def _encoded(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
