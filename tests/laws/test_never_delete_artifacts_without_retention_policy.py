"""Never delete artifacts without retention policy."""

import ast
import re
from pathlib import Path

import pytest

from omp.domain.errors import InvalidInput, NotFound, UnsafePath
from omp.store.shredder import shred

SOURCES = Path(__file__).parents[2] / "src" / "omp"
DELETES = {"rmtree", "rmdir", "unlink", "remove", "removedirs"}
MAY_DELETE = {
    "store/shredder.py": "the only delete of folders",
    "store/packing.py": "a plain file whose compressed form is proven beside it, and half forms",
    "domain/durable.py": "its own half-written temporary file",
    "daemon/cgroups.py": "an empty control group, which is no file",
    "ops/backup_restore.py": "its own half-restored copy, and the empty folder it replaces",
}
"""File -> what it deletes. A file of one's own making may go; anybody's artifact may not."""


def deletes(path: Path) -> set[str]:
    """Names of deleting calls on `os`, `shutil` or a path in a source file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        if node.func.attr == "remove" and not (isinstance(owner, ast.Name) and owner.id == "os"):
            continue  # list.remove, queue.remove
        if node.func.attr in DELETES:
            found.add(node.func.attr)
    return found


def test_folders_are_deleted_by_the_shredder_alone() -> None:
    rooms = ("ops", "gates", "store", "daemon", "api", "web", "wire", "domain")
    for room in rooms:
        for path in (SOURCES / room).rglob("*.py"):
            name = path.relative_to(SOURCES).as_posix()
            found = deletes(path)
            if name in MAY_DELETE:
                assert found, f"{name} deletes nothing any more: take it off the list"
            else:
                assert not found & {"rmtree", "rmdir", "removedirs"}, name


CALLS = {
    "ops/run_moves.py": "directories that the record says are trashed, archived or deleted",
    "ops/made_markets.py": "bars that their seed makes anew",
    "ops/hall_check.py": "staging copies of runs that are over",
    "store/vault.py": "a half-staged copy of its own",
    "store/shelving.py": "a half copy of its own",
}


def test_only_retention_and_copies_call_the_shredder() -> None:
    verbs = re.compile(r"\b(shred|destroy|empty_trash)\(")
    calling = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if "from omp.store.shredder import" in path.read_text() and verbs.search(path.read_text())
    }
    assert calling == CALLS.keys()


@pytest.mark.parametrize("name", ["..", ".", "a/b", "/etc", ".hidden", "a*", ""])
def test_only_plain_names_are_shredded(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises((InvalidInput, NotFound)):
        shred(tmp_path, name)
    assert (tmp_path / "a").is_dir()


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    precious, home = tmp_path / "precious", tmp_path / "home"
    (precious / "deep").mkdir(parents=True)
    (precious / "deep" / "file").write_text("x")
    (home / "run_a" / "deep").mkdir(parents=True)
    (home / "run_a" / "deep" / "link").symlink_to(precious)
    (home / "run_b").symlink_to(precious)
    (tmp_path / "alias").symlink_to(home)
    for parent, name in ((home, "run_a"), (home, "run_b"), (tmp_path / "alias", "run_a")):
        with pytest.raises(UnsafePath):
            shred(parent, name)
    assert (precious / "deep" / "file").read_text() == "x"
    assert (home / "run_a").is_dir()


def test_what_may_go_goes_by_way_of_the_trash(tmp_path: Path) -> None:
    (tmp_path / "run_a" / "deep").mkdir(parents=True)
    (tmp_path / "run_a" / "deep" / "file").write_text("x" * 5000)
    (tmp_path / "run_b").mkdir()
    assert shred(tmp_path, "run_a").files == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == [".trash", "run_b"]
    assert list((tmp_path / ".trash").iterdir()) == []
