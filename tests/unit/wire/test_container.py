"""metrics.obfs opens whole or not at all."""

import pytest

from omp.domain.errors import Damaged
from omp.wire.container import seal, unseal

DOCUMENT = {"schema_version": 1, "sharpe": 0.0712345678901, "n_trades": 41, "note": "é"}


def test_a_sealed_document_comes_back() -> None:
    assert unseal(seal(DOCUMENT)) == DOCUMENT


def test_the_same_document_gives_the_same_bytes() -> None:
    assert seal(DOCUMENT) == seal(dict(reversed(DOCUMENT.items())))


def test_any_changed_byte_is_found() -> None:
    data = seal(DOCUMENT)
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]
        with pytest.raises(Damaged):
            unseal(changed)


@pytest.mark.parametrize("cut", [0, 5, 40])
def test_missing_and_added_bytes_are_found(cut: int) -> None:
    data = seal(DOCUMENT)
    with pytest.raises(Damaged):
        unseal(data[:cut])
    with pytest.raises(Damaged):
        unseal(data + b"x")
