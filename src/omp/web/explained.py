"""Documents that answer what a page makes people ask, shown beside the pages that link to them."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from omp.domain.errors import NotFound

EXPLAINED = {"why-refused": "explanation/why-refused.md"}
"""Documents by the name in their address: the file below docs/."""


@dataclass(frozen=True)
class Explained:
    """A document as HTML.

    Args:
        title: Its first heading.
        body: What follows it.
    """

    title: str
    body: str


@cache
def explained(name: str) -> Explained:
    """A document by its name, each term that begins a paragraph with an anchor of its own.

    Links to other documents lead nowhere from a page, so they become plain words.

    Raises:
        NotFound: If no document has this name.
    """
    if name not in EXPLAINED:
        raise NotFound(
            f"the explanation {name!r}",
            allowed=", ".join(EXPLAINED),
            remedy="follow a link of a run or a candidate",
        )
    library = MarkdownIt("commonmark")
    tokens = library.parse(_text(EXPLAINED[name]))
    for token in tokens:
        if token.type == "inline":
            _mark_terms(token)
            _plain_links(token)
    title, rest = tokens[1].content, tokens[3:]
    return Explained(title, library.renderer.render(rest, library.options, {}))


def _text(path: str) -> str:
    """The document's source: packed beside this module, or below docs/ of a checkout."""
    packed = resources.files("omp.web") / "docs" / path
    if packed.is_file():
        return packed.read_text(encoding="utf-8")
    return (Path(__file__).parents[3] / "docs" / path).read_text(encoding="utf-8")


def _mark_terms(paragraph: Token) -> None:
    """Give the codes that a paragraph begins with, commas between them, an id each."""
    for token in paragraph.children or ():
        if token.type == "code_inline":
            token.attrSet("id", token.content)
        elif token.content.strip(", "):
            return


def _plain_links(paragraph: Token) -> None:
    is_open = True
    kept: list[Token] = []
    for token in paragraph.children or ():
        if token.type == "link_open":
            is_open = "://" in str(token.attrGet("href"))
        if is_open or token.type not in {"link_open", "link_close"}:
            kept.append(token)
    paragraph.children = kept
