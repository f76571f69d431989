"""Which code, which libraries: provenance."""

import re
import subprocess
from pathlib import Path

import blake3
import pytest

from omp.config import fingerprint

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _fresh():
    for cached in (fingerprint.git_sha, fingerprint.lock_digest, fingerprint.engine_version):
        cached.cache_clear()
    yield
    for cached in (fingerprint.git_sha, fingerprint.lock_digest, fingerprint.engine_version):
        cached.cache_clear()


def test_the_hash_does_not_follow_the_order_of_keys() -> None:
    first = fingerprint.config_hash({"a": 1, "b": [1.5, None]})
    assert first == fingerprint.config_hash({"b": [1.5, None], "a": 1})
    assert first != fingerprint.config_hash({"a": 1, "b": [1.5]})
    assert re.fullmatch("[0-9a-f]{64}", first)


def test_the_commit_is_that_of_the_repository() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a repository")
    head = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True
    ).stdout.strip()
    assert fingerprint.git_sha() in (head, f"{head}-dirty")


def _repository(folder: Path) -> Path:
    (folder / "src" / "omp" / "config").mkdir(parents=True)
    (folder / "src" / "omp" / "config" / "a.py").write_text("x = 1\n")
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"],
    ):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
    return folder


def test_changed_code_is_dirty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = _repository(tmp_path)
    monkeypatch.setattr(fingerprint, "_repository", lambda: root)
    clean = fingerprint.git_sha()
    assert re.fullmatch("[0-9a-f]{40}", clean)
    (root / "src" / "omp" / "config" / "b.py").write_text("y = 1\n")
    fingerprint.git_sha.cache_clear()
    assert fingerprint.git_sha() == f"{clean}-dirty"


def test_without_git_the_commit_is_read_and_called_dirty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _repository(tmp_path)
    monkeypatch.setattr(fingerprint, "_repository", lambda: root)
    clean = fingerprint.git_sha()
    fingerprint.git_sha.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fingerprint.git_sha() == f"{clean}-dirty"


def test_without_a_repository_the_package_record_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "_repository", lambda: None)
    assert re.fullmatch("pkg-[0-9a-f]{40}", fingerprint.git_sha())
    assert re.fullmatch("env-[0-9a-f]{40}", fingerprint.lock_digest())


def test_the_lock_is_that_of_the_repository() -> None:
    lock = ROOT / "uv.lock"
    assert fingerprint.lock_digest() == blake3.blake3(lock.read_bytes()).hexdigest()


def test_the_version_is_known() -> None:
    assert re.match(r"\d+\.\d+", fingerprint.engine_version())
