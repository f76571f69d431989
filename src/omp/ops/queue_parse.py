"""Reading a hand-edited `campaign_queue.json`: every fault listed, each with its line."""

import json
import re
from dataclasses import dataclass
from typing import Any

from omp.domain.errors import Fault, InvalidConfiguration, OmpError
from omp.domain.ids import check_id
from omp.ops.queue_file import FIELDS, VERSION
from omp.ops.queue_steps import check_fields

MAX_BYTES = 4_000_000
REFUSED = "campaign_queue.json was refused"
_TOP = ("version", "updated_at", "campaigns", "reason")


@dataclass(frozen=True)
class Edited:
    """One campaign of the edited file, and the line on which it begins."""

    fields: dict[str, Any]
    line: int
    text: str

    def place(self, field: str) -> str:
        """The line of a field, for a message."""
        found = re.search(rf'"{field}"\s*:', self.text)
        number = self.line + (self.text.count("\n", 0, found.start()) if found else 0)
        return f"line {number}, {field}"


def parse(data: bytes) -> tuple[dict[str, Any], tuple[Edited, ...]]:
    """The edited document and its campaigns, each with its line.

    Raises:
        InvalidConfiguration: With every fault and its line.
    """
    if len(data) > MAX_BYTES:
        refuse([Fault("file", f"{len(data)} bytes", f"at most {MAX_BYTES}")])
    try:
        text = data.decode("utf-8")
        document = json.loads(text)
    except UnicodeDecodeError as error:
        refuse([Fault(f"byte {error.start}", "is not UTF-8 text")])
    except json.JSONDecodeError as error:
        refuse([Fault(f"line {error.lineno}", error.msg, "JSON")])
    except RecursionError:
        refuse([Fault("file", "is nested too deeply", "a list of campaigns")])
    if not isinstance(document, dict) or not isinstance(document.get("campaigns"), list):
        refuse([Fault("line 1", "there is no list of campaigns", '{"version", "campaigns": […]}')])
    faults = [Fault(key, "unknown key", ", ".join(_TOP)) for key in document if key not in _TOP]
    if document.get("version", VERSION) != VERSION:
        faults.append(Fault("version", repr(document["version"]), VERSION))
    if not isinstance(document.get("reason", ""), str):
        faults.append(Fault("reason", "is no text", "a sentence"))
    edited = _located(text, document["campaigns"])
    faults += [fault for one in edited for fault in _faults_of(one)]
    ids = [one.fields.get("id") for one in edited if one.fields.get("id")]
    faults += (
        [
            Fault(one.place("id"), f"{one.fields['id']} stands twice")
            for number, one in enumerate(edited)
            if one.fields.get("id")
            and one.fields["id"] in [e.fields.get("id") for e in edited[:number]]
        ]
        if len(set(map(str, ids))) < len(ids)
        else []
    )
    refuse(faults)
    return document, edited


def _faults_of(one: Edited) -> list[Fault]:
    faults = [
        Fault(one.place(key), "unknown key", ", ".join(FIELDS))
        for key in one.fields
        if key not in FIELDS
    ]
    faults += [
        Fault(f"line {one.line}", f"{key} is missing")
        for key in ("name", "config_path")
        if not isinstance(one.fields.get(key), str)
    ]
    for key in ("name", "priority", "enabled", "repeat", "tags", "market", "id"):
        if key not in one.fields:
            continue
        try:
            if one.fields[key] is None:
                raise InvalidConfiguration("null is no value here", remedy="leave the key out")
            if key == "id":
                check_id(str(one.fields[key]), "id")
            else:
                check_fields({key: one.fields[key]})
        except OmpError as error:
            faults.append(Fault(one.place(key), error.asked, error.allowed))
    return faults


def _located(text: str, campaigns: list[Any]) -> tuple[Edited, ...]:
    """Each campaign with the line it begins on."""
    found = re.search(r'"campaigns"\s*:\s*\[', text)
    at = found.end() if found else 0
    decoder = json.JSONDecoder()
    edited = []
    for one in campaigns:
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
        line_number = text.count("\n", 0, at) + 1
        if not isinstance(one, dict):
            refuse([Fault(f"line {line_number}", f"{one!r} is no campaign", "{…}")])
        _, end = decoder.raw_decode(text, at)
        edited.append(Edited(one, line_number, text[at:end]))
        at = end
    return tuple(edited)


def refuse(faults: list[Fault]) -> None:
    if faults:
        raise InvalidConfiguration(
            REFUSED,
            faults=tuple(faults),
            remedy="correct these lines; the queue stands as it was",
        )
