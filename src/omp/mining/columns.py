"""Named columns that grow together, and how they are laid into bytes and read back."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omp.mining.streams import Int

Array = np.ndarray[Any, np.dtype[Any]]
Behaviours = NDArray[np.uint64]


class Columns:
    """Rows that are appended in batches and thinned now and then.

    Args:
        first: The first batch, which fixes the names, types and widths.
    """

    def __init__(self, first: Mapping[str, Array]) -> None:
        self._held = {name: np.array(values) for name, values in first.items()}
        self._size = len(next(iter(self._held.values())))

    def __len__(self) -> int:
        return self._size

    def append(self, batch: Mapping[str, Array]) -> None:
        """Add rows; memory at least doubles when it must grow."""
        n = len(next(iter(batch.values())))
        end = self._size + n
        for name, held in list(self._held.items()):
            if end > len(held):
                grown = np.empty((max(end, 2 * len(held)), *held.shape[1:]), held.dtype)
                grown[: self._size] = held[: self._size]
                self._held[name] = grown
            self._held[name][self._size : end] = batch[name]
        self._size = end

    def whole(self) -> dict[str, Array]:
        """Every row, as views."""
        return {name: held[: self._size] for name, held in self._held.items()}

    def keep(self, rows: Int) -> None:
        """Drop all rows but these, in their order."""
        self._held = {name: held[rows] for name, held in self._held.items()}
        self._size = rows.size


def taken(columns: Mapping[str, Array], rows: Any) -> dict[str, Array]:
    """Some of the rows: numbers, a mask or a slice."""
    return {name: values[rows] for name, values in columns.items()}


def by_hash(behaviour: Behaviours) -> Int:
    """The order of behaviours [N, 2] by their 32 digits."""
    return np.lexsort((behaviour[:, 1], behaviour[:, 0])).astype(np.int64)


def hash_names(behaviour: Behaviours) -> list[str]:
    """The 32 hex digits of each behaviour, [N]."""
    text = np.ascontiguousarray(behaviour).astype(">u8").tobytes().hex()
    return [text[at : at + 32] for at in range(0, len(text), 32)]


def hash_values(names: list[str]) -> Behaviours:
    """The behaviours that 32 hex digits each name, [N, 2].

    Raises:
        ValueError: If a name is no 32 hex digits.
    """
    if any(len(one) != 32 for one in names):
        raise ValueError("a behaviour hash has 32 hex digits")
    data = bytes.fromhex("".join(names))
    return np.frombuffer(data, dtype=">u8").astype(np.uint64).reshape(-1, 2)


def pack(head: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """JSON values and arrays as bytes; the same content gives the same bytes."""
    whole = {name: np.ascontiguousarray(one) for name, one in arrays.items()}
    layout = [[name, one.dtype.str, list(one.shape)] for name, one in whole.items()]
    text = json.dumps({"head": head, "arrays": layout}, allow_nan=False).encode()
    return b"".join([text, b"\n", *(one.tobytes() for one in whole.values())])


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """What `pack` laid down.

    Raises:
        ValueError: If it is something else.
    """
    at = data.find(b"\n") + 1
    layout = json.loads(data[:at])
    arrays: dict[str, Array] = {}
    for name, kind, shape in layout["arrays"]:
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(data, kind, count, at).reshape(shape)
        at += arrays[name].nbytes
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes too many")
    return layout["head"], arrays
