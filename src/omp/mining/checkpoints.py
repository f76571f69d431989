"""The checkpoint of a run: the breeding state, and one segment of the books per generation.

`checkpoint/checkpoint.json` names every segment with its digest; a segment is written before the
checkpoint that names it, so a kill at any moment leaves the last generation or the one before.
"""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from omp.domain.durable import disk_room, write_durable
from omp.domain.errors import Damaged, InvalidInput
from omp.engine import checkpoint
from omp.mining.plan import Plan
from omp.mining.search import Search, Step, step_of, step_record
from omp.wire.canonical import digest


class Checkpoints:
    """Saves a search after every generation, and restores it.

    Args:
        folder: The run's `checkpoint/`.
        identity: What a resumed run must share with the checkpoint: configuration, data, seed,
            engine version.
    """

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self.folder = folder
        self.identity = identity
        self._segments: list[dict[str, str]] = []

    def save(self, search: Search, step: Step, elapsed_s: float) -> None:
        """Make a generation durable.

        Raises:
            DiskFull: If there is no room; the checkpoint before it stands.
        """
        with disk_room(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        name = f"generation_{step.generation:06d}.npz"
        data = _pack(step)
        write_durable(self.folder / name, data)
        self._segments.append({"name": name, "blake3": digest(data)})
        state = {
            "identity": self.identity,
            "segments": self._segments,
            "elapsed_s": elapsed_s,
            "search": search.state(),
        }
        with disk_room(self.folder):
            checkpoint.save(self.folder, state)

    def restore(self, plan: Plan) -> tuple[Search, float] | None:
        """The search after its last whole generation with the seconds it had run, or None.

        Raises:
            Damaged: If a segment does not match its digest.
            InvalidInput: If the checkpoint belongs to another configuration, data, seed or code.
        """
        state = checkpoint.load(self.folder)
        if state is None:
            return None
        theirs = state["identity"]
        other = sorted(key for key in self.identity if theirs.get(key) != self.identity[key])
        if other:
            raise InvalidInput(
                f"the checkpoint in {self.folder} was made with another {', '.join(other)}",
                allowed="the configuration, data, seed and program version of its first attempt",
                remedy="resume with those, or start a new run",
            )
        self._segments = list(state["segments"])
        steps = [_unpack(self.folder / one["name"], one["blake3"]) for one in self._segments]
        return Search.restore(plan, state["search"], steps), float(state["elapsed_s"])


def _pack(step: Step) -> bytes:
    record, arrays = step_record(step)
    text = np.frombuffer(json.dumps(record).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, record=text, **arrays)  # type: ignore[arg-type]  # names of ours, no option
    return buffer.getvalue()


def _unpack(path: Path, expected: str) -> Step:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    if digest(data) != expected:
        raise Damaged(
            f"{path} does not match its digest in the checkpoint",
            remedy="remove the run's checkpoint folder; the run then starts from generation 0",
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    record = json.loads(held.pop("record").tobytes())
    return step_of(record, held)
