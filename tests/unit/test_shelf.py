"""Plugins are found in a package, by name, and never twice."""

import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from omp import shelf as room
from omp.shelf import ShelfFault, shelf

PLUGIN = "class P:\n    name = {name!r}\n\n\nPLUGIN = P()\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shelf.cache_clear()
    made: list[str] = []

    def make(name: str, **modules: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(text)
        made.append(name)
        return name

    monkeypatch.syspath_prepend(tmp_path)
    yield make
    shelf.cache_clear()
    for loaded in [one for one in sys.modules if one.split(".")[0] in made]:
        del sys.modules[loaded]


def test_modules_with_the_constant_are_found_by_name(package) -> None:
    name = package(
        "shelf_a", zebra=PLUGIN.format(name="ape"), alpha=PLUGIN.format(name="bee"), other="X = 1\n"
    )
    assert list(shelf(name, "PLUGIN")) == ["ape", "bee"]


def test_two_of_one_name_are_an_error(package) -> None:
    name = package("shelf_b", one=PLUGIN.format(name="ape"), two=PLUGIN.format(name="ape"))
    with pytest.raises(ShelfFault, match=r"'ape'.*shelf_b\.one.*shelf_b\.two"):
        shelf(name, "PLUGIN")


def test_a_plugin_without_a_name_is_an_error(package) -> None:
    name = package("shelf_c", one="PLUGIN = object()\n")
    with pytest.raises(ShelfFault, match="no name"):
        shelf(name, "PLUGIN")


def test_a_shelf_cannot_be_changed_by_its_users(package) -> None:
    name = package("shelf_d", one=PLUGIN.format(name="ape"))
    with pytest.raises(TypeError):
        shelf(name, "PLUGIN")["bee"] = 1  # type: ignore[index]


def _strangers(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    points = EntryPoints([EntryPoint(name="x", value=value, group="shelf_group")])
    monkeypatch.setattr(room, "entry_points", lambda group: points.select(group=group))


def test_strangers_enter_by_entry_points(package, monkeypatch: pytest.MonkeyPatch) -> None:
    name = package("shelf_e", one=PLUGIN.format(name="ape"))
    package("shelf_far", plugin=PLUGIN.format(name="bee"))
    _strangers(monkeypatch, "shelf_far.plugin:PLUGIN")
    assert list(shelf(name, "PLUGIN", "shelf_group")) == ["ape", "bee"]


def test_a_stranger_cannot_take_a_name(package, monkeypatch: pytest.MonkeyPatch) -> None:
    name = package("shelf_f", one=PLUGIN.format(name="ape"))
    package("shelf_near", plugin=PLUGIN.format(name="ape"))
    _strangers(monkeypatch, "shelf_near.plugin:PLUGIN")
    with pytest.raises(ShelfFault, match="shelf_near"):
        shelf(name, "PLUGIN", "shelf_group")


def test_a_broken_stranger_is_named(package, monkeypatch: pytest.MonkeyPatch) -> None:
    name = package("shelf_g")
    _strangers(monkeypatch, "shelf_nowhere.plugin:PLUGIN")
    with pytest.raises(ShelfFault, match="shelf_nowhere"):
        shelf(name, "PLUGIN", "shelf_group")
