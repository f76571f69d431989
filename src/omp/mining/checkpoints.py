"""The checkpoint of a run: a log with one record per generation, appended and never rewritten.

`checkpoint/checkpoint.json` says whose log it is. `checkpoint/generations.log` holds one record per
generation: a line with its length and digest, then what the generation added to the books and the
breeding state after it. A record that a kill left unfinished is cut off; so the log always ends
with a whole generation, and all that is written grows with the trials alone.
"""

import json
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omp.domain.durable import disk_room, sync_folder
from omp.domain.errors import Damaged, InvalidInput
from omp.engine import checkpoint
from omp.mining.columns import Array, pack, unpack
from omp.mining.plan import Plan
from omp.mining.search import Search, Step, step_record
from omp.mining.sentinel import Sentinel
from omp.wire.canonical import digest

LOG_NAME = "generations.log"
_STATE, _SENTINEL = "state.", "sentinel."

Restored = tuple[Search, Sentinel, float, dict[int, tuple[int, int]]]


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
        self._is_ours = False

    @property
    def log(self) -> Path:
        """The records, one after another."""
        return self.folder / LOG_NAME

    def save(self, search: Search, sentinel: Sentinel, step: Step, elapsed_s: float) -> None:
        """Make a generation durable; see `write`."""
        self.write(packed(search, sentinel, step, elapsed_s))

    def write(self, record: bytes) -> None:
        """Make what `packed` gave durable.

        Raises:
            DiskFull: If there is no room; the record before it stands.
        """
        with disk_room(self.folder):
            if not self._is_ours:
                self.folder.mkdir(parents=True, exist_ok=True)
                checkpoint.save(self.folder, {"identity": self.identity})
                self.log.touch()
                sync_folder(self.folder)
                self._is_ours = True
            append_record(self.log, record)

    def restore(self, plan: Plan) -> Restored | None:
        """The search after its last whole generation, or None where there is none.

        Returns:
            The search, its sentinel, the seconds it had run, and of each generation its new
            behaviours and the distinct ones up to it.

        Raises:
            Damaged: If a record does not match its digest.
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
        self._is_ours = True
        last = next(iter(deque(records(self.log), maxlen=1)), None)
        if last is None:
            return None
        search = Search(plan)
        head, arrays = _unpacked(self.log, last)
        search.breed_on(head["state"], _below(_STATE, arrays))
        sentinel = Sentinel(plan)
        known = {}
        for data in records(self.log):
            one, arrays = _unpacked(self.log, data)
            step = search.step_of(one["step"], arrays)
            search.again(step)
            sentinel.take_up(search.codebook, one["sentinel"], _below(_SENTINEL, arrays))
            known[step.generation] = (len(step.behaviours), search.distinct)
        return search, sentinel, float(head["elapsed_s"]), known


def append_record(path: Path, data: bytes) -> None:
    """Append one record and return once it is on the disk."""
    head = json.dumps({"bytes": len(data), "blake3": digest(data)}).encode() + b"\n"
    before = path.stat().st_size
    try:
        with path.open("ab", buffering=0) as file:
            file.write(head + data)
            os.fsync(file.fileno())
    except OSError:
        os.truncate(path, before)
        raise


def records(path: Path) -> Iterator[bytes]:
    """The whole records of a log; an unfinished last one is cut off.

    Raises:
        Damaged: If a record before the last does not match its digest.
    """
    if not path.is_file():
        return
    size, at = path.stat().st_size, 0
    with path.open("rb") as file:
        while at < size:
            line = file.readline(4096)
            try:
                head = json.loads(line)
                data = file.read(int(head["bytes"]))
                is_whole = len(data) == head["bytes"] and digest(data) == head["blake3"]
            except (ValueError, KeyError, TypeError):
                is_whole, data = False, b""
            end = at + len(line) + len(data)
            if not is_whole:
                if end < size and line.endswith(b"\n"):
                    raise Damaged(
                        f"{path} does not match its digest at byte {at}",
                        remedy="remove the run's checkpoint folder; the run then starts from "
                        "generation 0",
                    )
                os.truncate(path, at)
                return
            yield data
            at = end


def packed(search: Search, sentinel: Sentinel, step: Step, elapsed_s: float) -> bytes:
    """A generation and the breeding state after it as one record."""
    record, arrays = step_record(step)
    state, own = search.state()
    watched, waiting = sentinel.state()
    head = {"elapsed_s": elapsed_s, "step": record, "state": state, "sentinel": watched}
    whole = {
        **arrays,
        **{_STATE + name: one for name, one in own.items()},
        **{_SENTINEL + name: one for name, one in waiting.items()},
    }
    return pack(head, whole)


def _unpacked(path: Path, data: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    try:
        return unpack(data)
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(
            f"{path} holds a record that cannot be read: {error}",
            remedy="remove the run's checkpoint folder; the run then starts from generation 0",
        ) from error


def _below(prefix: str, arrays: dict[str, Array]) -> dict[str, Array]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
