"""One way to write JSON, so that a digest means the same everywhere (RFC 8785)."""

import math
from typing import Any

import blake3
import rfc8785


def finite(value: Any) -> Any:
    """The same value with NaN and infinities as None, since JSON has no word for them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def canonical(value: Any) -> bytes:
    """Canonical JSON bytes of a value (RFC 8785)."""
    data: bytes = rfc8785.dumps(finite(value))
    return data


def digest(data: bytes) -> str:
    """blake3 of the bytes, 64 hex digits."""
    return blake3.blake3(data).hexdigest()


def digest_of(value: Any) -> str:
    """blake3 of a value's canonical JSON."""
    return digest(canonical(value))
