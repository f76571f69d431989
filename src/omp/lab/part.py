"""The records of a calibration that is not finished: one line a market, kept from when it is done.

The first line says what is being measured, so that a later call goes on only with the same.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omp.domain.errors import InvalidInput
from omp.wire.canonical import canonical, finite

ENDING = ".part"
"""Of the file beside the result."""

Done = tuple[dict[str, Any], float]
"""A market's record, and the CPU seconds it took."""


class Part:
    """The file of a calibration under way.

    Args:
        result: Where the result will go; the file lies beside it.
        identity: Configuration, code, seeds and number of markets: what may not differ.
        markets: Names of the markets, in order.
    """

    def __init__(self, result: Path, identity: Mapping[str, Any], markets: Sequence[str]) -> None:
        self.path = result.with_name(result.name + ENDING)
        self._identity = dict(identity)
        self._markets = list(markets)

    def resume(self) -> list[Done]:
        """The markets that were done before, in order; a line that was cut short is dropped.

        Raises:
            InvalidInput: If the file is of another calibration.
        """
        if not self.path.exists() or not self.path.stat().st_size:
            self._write([])
            return []
        lines = self.path.read_bytes().splitlines(keepends=True)
        whole = [json.loads(one) for one in lines if one.endswith(b"\n")]
        done = [(one["record"], float(one["cpu_s"])) for one in whole[1:]]
        names = [record["market"] for record, _ in done]
        if not whole or whole[0] != self._identity or names != self._markets[: len(names)]:
            raise InvalidInput(
                f"{self.path} holds the beginning of another calibration",
                allowed="the same configuration, code, seeds and markets",
                remedy="give --json another name, or remove that file",
            )
        self._write(done)
        return done

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep a second process from writing the same file meanwhile.

        Raises:
            InvalidInput: If another process writes it.
        """
        with self.path.open("ab") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InvalidInput(
                    f"another calibration is writing {self.path}",
                    allowed="one at a time for each result",
                    remedy="let it end, or give --json another name",
                ) from None
            yield

    def add(self, one: Done) -> None:
        """Keep one more market."""
        with self.path.open("ab") as kept:
            kept.write(_line(one))

    def remove(self) -> None:
        """The result is written: the file is not needed any more."""
        self.path.unlink()

    def _write(self, done: Sequence[Done]) -> None:
        head = canonical(self._identity) + b"\n"
        self.path.write_bytes(head + b"".join(map(_line, done)))


def _line(one: Done) -> bytes:
    record, cpu_s = one
    return canonical(finite({"record": record, "cpu_s": round(cpu_s, 3)})) + b"\n"
