"""Which column of a table is which: guessed by name, or mapped by the user."""

import re
import unicodedata

from omp.domain.errors import DataNotReady
from omp.market.bars import FIELDS
from omp.market.importers.base import COLUMNS, FEATURE_NAME, Options, refused

NAMES: dict[str, tuple[str, ...]] = {
    "symbol": (
        *("symbol", "ticker", "name", "instrument", "code", "asset"),
        *("ativo", "papel", "codigo", "codneg"),
    ),
    "timestamp": (
        *("timestamp", "datetime", "date", "time", "day", "tradedate", "opentime", "ts"),
        *("datahora", "data", "pregao", "datapregao"),
    ),
    "open": ("open", "o", "openprice", "abertura", "preabe", "precoabertura"),
    "high": ("high", "h", "highprice", "max", "maxima", "maximo", "premax"),
    "low": ("low", "l", "lowprice", "min", "minima", "minimo", "premin"),
    "close": (
        *("close", "c", "closeprice", "last", "price"),
        *("fechamento", "ultimo", "preult", "precofechamento"),
    ),
    "volume": ("quantity", "qty", "quantidade", "qtd", "quatot", "volume", "v", "vol"),
    "adj_close": (
        *("adjclose", "adjustedclose", "closeadj", "closeadjusted"),
        *("fechamentoajustado", "ajustado"),
    ),
    "time_of_day": ("time", "hour", "hora", "horario"),
}
"""Names a column may have, compared without case, accents, spaces and signs; the first wins."""

REQUIRED = ("timestamp", "open", "high", "low", "close", "volume")
_PLAIN = re.compile(r"[^a-z0-9]")
_WIDE = re.compile(r"^(?P<first>.+?)[ _.:|/-]+(?P<second>[^ _.:|/-]+)$")


def plain(name: str) -> str:
    """A column's name without case, accents, spaces and signs."""
    bare = unicodedata.normalize("NFKD", name.lower())
    return _PLAIN.sub("", bare)


def mapped(present: list[str], options: Options, file: str) -> dict[str, str]:
    """Our column names → the file's: those mapped by the user, then those guessed.

    Raises:
        DataNotReady: when a column named by the user, or one that is needed, is not there.
    """
    known = {plain(name): name for name in reversed(present)}
    taken = set(options.features.values())
    found: dict[str, str] = {}
    for ours, aliases in NAMES.items():
        theirs = options.columns.get(ours)
        if theirs is not None and theirs not in present:
            raise unreadable(file, f"it has no column {theirs!r} for {ours}; it has {present}")
        guesses = [known[alias] for alias in aliases if alias in known]
        free = [one for one in guesses if one not in taken]
        chosen = theirs or next(iter(free or guesses), None)
        if chosen is not None:
            found[ours] = chosen
    if found.get("time_of_day") == found.get("timestamp"):
        found.pop("time_of_day", None)
    unknown = sorted(set(options.columns) - set(NAMES))
    missing = [name for name in REQUIRED if name not in found]
    if unknown or missing:
        what = f"no column for {', '.join(missing)}" if missing else f"no such name as {unknown}"
        raise unreadable(file, f"{what}; it has {', '.join(present)}")
    return found


def features(present: list[str], options: Options, file: str) -> dict[str, str]:
    """The user's own columns by the name they will have.

    Raises:
        DataNotReady: when a name is not lawful, or its column is not there.
    """
    for ours, theirs in options.features.items():
        if not FEATURE_NAME.fullmatch(ours) or ours in (*COLUMNS, "cash"):
            raise unreadable(
                file, f"a feature cannot be called {ours!r}: small letters, digits and _ alone"
            )
        if theirs not in present:
            raise unreadable(file, f"it has no column {theirs!r} for the feature {ours}")
    return dict(options.features)


def wide(present: list[str]) -> dict[str, dict[str, str]]:
    """The symbols of a wide table (`AAPL_open`, `Close IBM`), each with its columns by our name.

    Empty when the table is not wide: every symbol must have all of open, high, low, close, volume.
    """
    own = {alias: field for field in FIELDS for alias in NAMES[field]}
    for place, other in (("first", "second"), ("second", "first")):
        found: dict[str, dict[str, str]] = {}
        for name in present:
            parts = _WIDE.match(name.strip())
            if parts is not None and plain(parts[other]) in own:
                field = own[plain(parts[other])]
                found.setdefault(parts[place].strip(), {}).setdefault(field, name)
        if found and all(len(columns) == len(FIELDS) for columns in found.values()):
            return found
    return {}


def unreadable(file: str, what: str, rule: str = "schema") -> DataNotReady:
    """The refusal of a table."""
    return refused(
        file,
        rule,
        what,
        allowed="CSV or Parquet with columns for " + ", ".join(REQUIRED),
        remedy="map columns with --column open=FIRST (and so on), or mend the file",
    )
