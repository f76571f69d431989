"""A text file as a table of text: its encoding, separator, header and decimal sign.

Every cell stays text until what is a number is decided, so that nothing is lost silently.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omp.market.importers.base import Options
from omp.market.importers.table_columns import unreadable

if TYPE_CHECKING:
    import polars as pl

SEPARATORS = (",", ";", "\t", "|")
LATIN_1 = ("latin-1", "latin1", "iso-8859-1", "cp1252", "windows-1252")
UTF_8_BOM, UTF_16_BOMS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
SHOWN = {"\t": "tab"}
LINE = "(line of the file)"
"""Column with the number of each row's line in the file."""

COMMA_NUMBER = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d*)?$"
POINT_NUMBER = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?([eE][+-]?\d+)?$"
THOUSANDS_ONLY = r"^[+-]?\d{1,3}(,\d{3})+$"
_DATA = re.compile(r"^[\d\s.,:/+\-]*$")


@dataclass(frozen=True, eq=False)
class Text:
    """A text file taken apart, and how.

    Args:
        frame: one text column per column of the file, and `LINE`.
        encoding, separator: as told or found.
        has_header: whether its first line names the columns; if not they are "1", "2", ….
    """

    frame: "pl.DataFrame"
    encoding: str
    separator: str
    has_header: bool


def load_text(path: Path, options: Options) -> Text:
    """Take a text file apart.

    Raises:
        DataNotReady: when its encoding is mixed, or its first line has no separator.
    """
    import polars as pl

    data, encoding = _utf8(path.read_bytes(), options, path.name)
    first = data.lstrip(b"\r\n").split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    if not first:
        raise unreadable(path.name, "there is nothing in it", "empty")
    separator = options.separator or max(SEPARATORS, key=first.count)
    if first.count(separator) == 0:
        raise unreadable(path.name, f"its first line {first[:60]!r} has no column separator")
    cells = [cell.strip().strip('"') for cell in first.split(separator)]
    has_header = not any(cell and _DATA.match(cell) for cell in cells)
    try:
        frame = pl.read_csv(data, separator=separator, infer_schema=False, has_header=has_header)
    except pl.exceptions.PolarsError as error:  # the first line says which
        raise unreadable(path.name, str(error).splitlines()[0]) from error
    frame = frame.rename(
        {name: name.strip() for name in frame.columns}
        if has_header
        else {name: str(number + 1) for number, name in enumerate(frame.columns)}
    )
    values = frame.columns
    frame = frame.with_row_index(LINE, offset=2 if has_header else 1)
    frame = frame.filter(~pl.all_horizontal(pl.col(values).is_null()))  # blank lines are no bars
    return Text(frame, encoding, separator, has_header)


def _utf8(data: bytes, options: Options, file: str) -> tuple[bytes, str]:
    """The file's bytes as UTF-8, and the encoding they had.

    Without being told so, a file counts as Latin-1 only if its first line says so: a stray byte
    further down is as likely a damaged name, and is refused.
    """
    told = options.encoding
    if told is not None:
        try:
            return data.decode(told).lstrip("\ufeff").encode(), told
        except (UnicodeDecodeError, LookupError) as error:
            raise unreadable(file, f"it is not {told}: {error}", "encoding") from error
    if data[:2] in UTF_16_BOMS:
        return data.decode("utf-16").encode(), "utf-16"
    data = data.removeprefix(UTF_8_BOM)
    try:
        data.decode("ascii" if data.isascii() else "utf-8")
    except UnicodeDecodeError as error:
        head, tail = data.split(b"\n", 1)[0], data[: error.start]
        if error.start < len(head) and not _has_utf8_letters(data):
            return data.decode("cp1252", "replace").encode(), "latin-1"
        line = tail.count(b"\n") + 1
        byte = data[error.start]
        what = f"line {line} has the byte 0x{byte:02x}, which is no UTF-8 (Latin-1 {chr(byte)!r}?)"
        raise unreadable(
            file, f"{what}; say --encoding latin-1 if all of it is so", "encoding"
        ) from error
    return data, "utf-8"


def _has_utf8_letters(data: bytes) -> bool:
    """Whether some letters beyond ASCII are written as UTF-8 writes them."""
    return re.search(rb"[\xc3-\xc5][\x80-\xbf]", data) is not None


def decimal_of(frame: "pl.DataFrame", columns: list[str], options: Options, file: str) -> str:
    """The decimal sign of a table of text, from all cells of its price columns.

    Raises:
        DataNotReady: when both signs occur, or commas could part thousands or decimals.
    """
    import polars as pl

    if options.decimal is not None:
        return options.decimal
    cells = pl.concat([frame[name].drop_nulls().alias("cell") for name in columns])
    commas = cells.filter(cells.str.contains(",", literal=True))
    if not commas.len():
        return "."
    if bool(commas.str.contains(r"\.\d*$").all()) and bool(commas.str.contains(r",.*\.").all()):
        return "."
    if bool(commas.str.contains(THOUSANDS_ONLY).all()) and not cells.str.contains(r"\.").any():
        raise unreadable(
            file,
            f"prices such as {commas[0]!r} could have thousands or decimals after the comma; say "
            "--decimal . or --decimal ,",
            "decimal",
        )
    points = cells.filter(cells.str.contains(r"^[^,]*\.[^,]*$"))
    return "." if points.len() > commas.len() else ","


def number(
    column: "pl.Series", lines: "pl.Series", decimal: str, file: str, *, is_told: bool
) -> "pl.Series":
    """A column of text as numbers; text that is no number becomes null and is judged later.

    Raises:
        DataNotReady: when a cell is a number with another decimal sign than the file's.
    """
    import polars as pl

    if decimal == ".":  # the plain case at once; what does not fit is looked at below
        values = column.cast(pl.Float64, strict=False)
        if values.null_count() == column.null_count():
            return values
    text = column.str.strip_chars()
    other = "," if decimal == "." else "."
    lawful = POINT_NUMBER if decimal == "." else COMMA_NUMBER
    signed = text.str.contains(other, literal=True).fill_null(False)
    if signed.any():
        wrong = signed & text.str.contains(r"^[+-]?[\d.,]+$") & ~text.str.contains(lawful)
        if decimal == "." and not is_told:  # "1,234" could be either; nobody guesses
            wrong = wrong | (text.str.contains(THOUSANDS_ONLY) & signed)
        if wrong.any():
            at = wrong.arg_max() or 0
            what = f"{column.name} on line {lines[at]} reads {text[at]!r}"
            raise unreadable(
                file, f"{what}, but the decimal sign of the file is {decimal!r}", "decimal"
            )
        text = text.str.replace_all(other, "", literal=True)
    if decimal == ",":
        text = text.str.replace(",", ".", literal=True)
    return text.cast(pl.Float64, strict=False)
