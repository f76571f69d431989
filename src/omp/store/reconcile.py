"""Looks and charges against the journal: whether the tables hold what was written down of them.

The journal is the chain: each record carries the hash of the one before, and its head is anchored
outside the database. It says of each look with which level it was granted, and of each charge what
the run's rows came to. A row that was taken out, put in or changed together with its own hash no
longer agrees with it.
"""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from omp.store.tables import journal, ledger, looks
from omp.wire.canonical import digest_of

CHARGED = "ledger.charged"
_GRANTED, _TAKEN = "look.granted", "look.taken"
_GRANT = ("run_id", "window", "ordinal", "level", "subject_digest")
"""Columns of a look that its grant fixes."""


def book(tx: Connection, run_id: str) -> dict[str, Any]:
    """What the ledger's rows of a run come to: their number, their trials and one digest."""
    rows = tx.execute(
        select(ledger.c.behaviours, ledger.c.genomes, ledger.c.row_hash)
        .where(ledger.c.run_id == run_id)
        .order_by(ledger.c.generation)
    ).all()
    return {
        "generations": len(rows),
        "trials": sum(one.genomes if one.behaviours is None else one.behaviours for one in rows),
        "rows": digest_of([one.row_hash for one in rows]),
    }


def gaps(tx: Connection) -> Iterator[str]:
    """One sentence for each look or charged run that is not as the journal has it."""
    yield from _looks(tx)
    yield from _charges(tx)


def _told(tx: Connection, kind: str) -> dict[str, dict[str, Any]]:
    """The last record of a kind about each subject."""
    query = select(journal.c.subject, journal.c.payload).where(journal.c.kind == kind)
    return {
        one.subject: json.loads(one.payload) for one in tx.execute(query.order_by(journal.c.seq))
    }


def _looks(tx: Connection) -> Iterator[str]:
    granted, taken = _told(tx, _GRANTED), _told(tx, _TAKEN)
    rows = {one["look_id"]: one for one in tx.execute(select(looks)).mappings()}
    for name in sorted(granted.keys() - rows.keys()):
        yield f"the look {name} was granted, and has no row"
    for name, row in sorted(rows.items()):
        told = granted.get(name)
        if told is None:
            yield f"the look {name} has a row, and was never granted"
            continue
        wrong = [one for one in _GRANT if told[one] != row[one]]
        if found := taken.get(name):
            wrong += [one for one in ("p_value", "evidence_digest") if found[one] != row[one]]
        elif row["state"] == "taken":
            wrong.append("state")
        if wrong:
            yield f"the look {name} was granted with another {', another '.join(wrong)}"


def _charges(tx: Connection) -> Iterator[str]:
    told = _told(tx, CHARGED)
    for name in sorted(told):
        found = book(tx, name)
        wrong = [one for one in found if told[name][one] != found[one]]
        if wrong:
            yield (
                f"the run {name} was charged {told[name]['trials']:,} trials in "
                f"{told[name]['generations']} generations, its rows come to {found['trials']:,} in "
                f"{found['generations']}" + (" and are others" if wrong == ["rows"] else "")
            )
    charged = set(tx.execute(select(ledger.c.run_id).distinct()).scalars())
    for name in sorted(charged - told.keys() - _before(tx)):
        yield f"the run {name} has charges that no record tells of"


def _before(tx: Connection) -> set[str]:
    """Runs that were charged before the journal told of charges: of those it has the sum alone."""
    closed = ("run.completed", "run.failed", "run.cancelled", "run.interrupted")
    first = tx.execute(
        select(journal.c.seq).where(journal.c.kind == CHARGED).order_by(journal.c.seq).limit(1)
    ).scalar()
    query = select(journal.c.subject).where(journal.c.kind.in_(closed))
    if first is not None:
        query = query.where(journal.c.seq < first)
    return set(tx.execute(query).scalars())
