"""A shop per test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    opened: list[Shop] = []

    def new(mode: str = "", **given: str) -> Shop:
        shop = Shop(tmp_path / "workspace", mode, **given)
        opened.append(shop)
        return shop

    yield new
    for shop in opened:
        shop.close()
