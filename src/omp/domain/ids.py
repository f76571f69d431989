"""Names of things: short, sortable where time matters, safe as file names.

A run, look, incident or campaign gets a fresh name; a candidate's name follows from its genome,
so that the same strategy has the same name wherever it is found again.
"""

import re
import secrets
import time

from omp.domain.errors import InvalidInput

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32, lower case

PREFIXES: dict[str, str] = {
    "campaign": "camp_",
    "run": "run_",
    "look": "look_",
    "incident": "INC-",
    "candidate": "cand_",
    "ensemble": "ens_",
    "lineage": "lin_",
    "review": "rev_",
    "change": "qc_",
    "import": "imp_",
    "revalidation": "reval_",
    "silence": "sil_",
}

_SAFE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}$")


def _base32(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, 32)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))


def new_id(kind: str, *, now_s: float | None = None) -> str:
    """A fresh name: prefix, 9 characters of milliseconds, 7 random ones; sorts by time."""
    millis = int((time.time() if now_s is None else now_s) * 1000)
    return PREFIXES[kind] + _base32(millis, 9) + _base32(secrets.randbits(35), 7)


def candidate_id(genome_hash: str, *, ensemble: bool = False) -> str:
    """The name of a strategy: the first 20 hex digits of its genome hash."""
    return PREFIXES["ensemble" if ensemble else "candidate"] + genome_hash[:20]


def check_id(text: str, what: str) -> str:
    """Give `text` back if it is a safe name, so that an id can never become a path.

    Raises:
        InvalidInput: If it holds a separator, a leading dot, or more than 96 characters.
    """
    if not _SAFE.fullmatch(text) or ".." in text:
        raise InvalidInput(
            f"{what} {text[:96]!r} is not a usable name",
            allowed="letters, digits, '_', '-', '.', at most 96 characters, no '..'",
            remedy=f"list the existing names and use one of them as the {what}",
        )
    return text
