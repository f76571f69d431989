"""Vendored files are the ones whose digests were written down; nothing else is served."""

import hashlib
from importlib import resources

import pytest

from omp.domain.errors import NotFound
from omp.web import assets
from omp.web.rendering import TEMPLATES

VENDOR = resources.files("omp.web") / "static" / "vendor"


def test_vendored_files_have_their_written_digests() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    written = {name: digest for digest, name in (line.split() for line in lines)}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.name.endswith((".js", ".css"))
    }
    assert found == written


def test_every_vendored_library_comes_with_its_licence() -> None:
    licences = {path.name for path in (VENDOR / "licences").iterdir()}
    for name in ("htmx", "uplot", "swagger-ui"):
        assert any(one.startswith(name) for one in licences)


@pytest.mark.parametrize(
    "name", ["../__init__.py", "vendor/SHA256SUMS", "app.css/../app.css", "/etc/passwd", ""]
)
def test_only_known_names_are_served(name: str) -> None:
    assert name not in assets.ASSETS


def test_an_unknown_asset_is_no_asset() -> None:
    with pytest.raises(NotFound):
        assets.asset(None, "nothing.js")  # type: ignore[arg-type]


def test_no_template_has_inline_script_style_or_a_foreign_address() -> None:
    for name in TEMPLATES.list_templates():
        source, _, _ = TEMPLATES.loader.get_source(TEMPLATES, name)  # type: ignore[union-attr]
        assert "style=" not in source, name
        assert "<style" not in source, name
        assert "onclick" not in source, name
        assert "javascript:" not in source, name
        assert "//" not in source.replace("/*", ""), name
        for script in source.split("<script")[1:]:
            assert script.lstrip().startswith("src="), name
