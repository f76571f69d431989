"""The options of an import, said once for `omp data import` and `combiner data import`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omp.domain.errors import InvalidInput
from omp.domain.timeframes import timeframe_of

if TYPE_CHECKING:
    from omp.market.examine import Request

Source = Annotated[
    Path, typer.Argument(metavar="PATH", help="A file, a ZIP or a folder of market data.")
]
Venue = Annotated[str, typer.Option(help="us or br; by default what the format implies.")]
Timeframe = Annotated[str, typer.Option(help="1d, 1h, 30m, …; by default found in the times.")]
Importer = Annotated[str, typer.Option(help="Importer, where the content does not tell.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="FIELD=COLUMN, such as close=Last; repeatable."),
]
Features = Annotated[
    list[str] | None,
    typer.Option("--feature", help="NAME=COLUMN: keep a column of your own; repeatable."),
]
Symbol = Annotated[str, typer.Option(help="Symbol of a file that names none.")]
Symbols = Annotated[str, typer.Option(help="Take only these, parted by commas.")]
Separator = Annotated[str, typer.Option(help="Sign between columns.")]
Decimal = Annotated[str, typer.Option(help="Decimal sign, . or ,")]
Encoding = Annotated[str, typer.Option(help="Such as utf-8 or latin-1.")]
DateFormat = Annotated[str, typer.Option(help="strftime format of dates, such as %d/%m/%Y.")]
Timezone = Annotated[str, typer.Option(help="Zone of times that name none.")]
Adjust = Annotated[bool, typer.Option(help="Adjust prices for splits and dividends.")]
Actions = Annotated[
    Path | None, typer.Option(help="Table of splits and dividends for prices as traded.")
]
Fractional = Annotated[bool, typer.Option("--fractional", help="B3's fractional market.")]
Accept = Annotated[
    list[str] | None, typer.Option(help="Rule of readiness whose faults are real; repeatable.")
]
Repair = Annotated[
    list[str] | None,
    typer.Option(help="Rule of readiness whose bars are repaired, on record; repeatable."),
]
LeaveOut = Annotated[
    bool, typer.Option("--leave-out-faulty", help="Leave out symbols with faults.")
]
Licence = Annotated[str, typer.Option(help="Terms you have the data under.")]

DECIMALS = ("", ".", ",")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def name_of(path: Path) -> str:
    """The name of a data set whose user gave it none: that of the file or folder."""
    bare = path.resolve().name.split(".")[0]
    return _UNSAFE.sub("-", bare).strip("-.").lower() or "data"


def request_of(path: Path, fields: Mapping[str, Any], **more: Any) -> "Request":
    """The market room's request for these fields.

    Raises:
        InvalidInput: When an option has not the form it must have.
    """
    from omp.market.examine import Request
    from omp.market.importers import Options

    decimal = fields.get("decimal") or ""
    if decimal not in DECIMALS:
        raise InvalidInput(f"--decimal {decimal!r}", allowed=". or ,", remedy="name one of them")
    options = Options(
        timeframe=timeframe_of(fields["timeframe"]) if fields.get("timeframe") else "",
        timezone=_zone(fields.get("timezone") or ""),
        columns=pairs(fields.get("columns") or (), "--column", "open=First"),
        features=pairs(fields.get("features") or (), "--feature", "sentiment=Score"),
        symbol=fields.get("symbol") or None,
        date_format=fields.get("date_format") or None,
        separator=_sign(fields.get("separator") or ""),
        decimal=decimal or None,
        encoding=fields.get("encoding") or None,
        adjust=fields.get("adjust", True),
        fractional=fields.get("fractional", False),
    )
    return Request(
        path,
        venue_name=fields.get("venue") or "",
        options=options,
        importer=fields.get("importer") or None,
        symbols=tuple(fields.get("symbols") or ()),
        accept=tuple(fields.get("accept") or ()),
        leave_out_faulty=fields.get("leave_out_faulty", False),
        repair=tuple(fields.get("repair") or ()),
        actions=Path(fields["actions"]) if fields.get("actions") else None,
        **more,
    )


def listed(text: str) -> list[str]:
    """A list that is written with commas."""
    return [one.strip() for one in text.split(",") if one.strip()]


def pairs(given: "list[str] | tuple[str, ...]", option: str, example: str) -> dict[str, str]:
    """OURS=THEIRS options as a mapping.

    Raises:
        InvalidInput: When one of them has no two sides.
    """
    found = {}
    for one in given:
        ours, sign, theirs = one.partition("=")
        if not (ours and sign and theirs):
            raise InvalidInput(
                f"{option} {one!r}", allowed="OURS=THEIRS", remedy=f"for example {example}"
            )
        found[ours] = theirs
    return found


def _sign(separator: str) -> str | None:
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
    sign = named.get(separator, separator)
    if len(sign) > 1:
        raise InvalidInput(
            f"--separator {separator!r}", allowed="one sign, or tab", remedy="name the sign"
        )
    return sign or None


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise InvalidInput(
                f"there is no time zone {name!r}",
                allowed="IANA names, such as America/Sao_Paulo",
                remedy="name one of them",
            ) from error
    return name
