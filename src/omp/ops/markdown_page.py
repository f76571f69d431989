"""A card's Markdown as an HTML page: headings, lists, boxes, tables, bold, code; all text escaped.

The cards use this much of Markdown and no more, so no library is needed to show them.
"""

import re
from html import escape

_INLINE = (
    (re.compile(r"\*\*(.+?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
)
_BOX = {"[ ]": "&#9744;", "[x]": "&#9745;"}
_ITEM = re.compile(r"^(?:- |\d+\. )(.*)$")
_ROW = re.compile(r"^\|(.+)\|$")
_RULE = re.compile(r"^\|[\s|:-]+\|$")

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2rem .6rem;"
    "text-align:left;vertical-align:top}code{overflow-wrap:anywhere}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}"
)


def page(title: str, markdown: str) -> str:
    """A whole page that needs nothing else."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>\n"
        f"{fragment(markdown)}\n</main></body></html>\n"
    )


def fragment(markdown: str) -> str:
    """The card's body, to be put into another page."""
    out: list[str] = []
    open_block = ""
    for line in [*markdown.splitlines(), ""]:
        block, html = _line(line.rstrip())
        if block != open_block:
            out += [f"</{open_block}>"] if open_block else []
            out += [f"<{block}>"] if block else []
            open_block = block
            if block == "table":
                html = html.replace("<td>", '<th scope="col">').replace("</td>", "</th>")
        if html:
            out.append(html)
    return "\n".join(out)


def _line(line: str) -> tuple[str, str]:
    """The block a line belongs to, and its HTML."""
    if not line:
        return "", ""
    if line.startswith("#"):
        level = min(len(line) - len(line.lstrip("#")), 6)
        return "", f"<h{level}>{_inline(line.lstrip('# '))}</h{level}>"
    if _RULE.match(line):
        return "table", ""
    if row := _ROW.match(line):
        cells = [one.replace("\\|", "|").strip() for one in re.split(r"(?<!\\)\|", row.group(1))]
        return "table", "<tr>" + "".join(f"<td>{_inline(one)}</td>" for one in cells) + "</tr>"
    if item := _ITEM.match(line):
        kind = "ul" if line.startswith("-") else "ol"
        return kind, f"<li>{_boxed(item.group(1))}</li>"
    return "", f"<p>{_inline(line)}</p>"


def _boxed(text: str) -> str:
    for mark, box in _BOX.items():
        if text.startswith(mark):
            return f"{box} {_inline(text[len(mark) :].lstrip())}"
    return _inline(text)


def _inline(text: str) -> str:
    html = escape(text)
    for pattern, replacement in _INLINE:
        html = pattern.sub(replacement, html)
    return html
