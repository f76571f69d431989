"""Journal records as sentences: the same on the terminal, in the API and on the pages."""

from collections.abc import Callable, Mapping
from typing import Any

from omp.domain.events import KINDS
from omp.domain.figures import count, number, probability
from omp.store.journal import Record

Payload = dict[str, Any]

_MOVES = {"start": "Start", "stop": "Stop", "pause": "Pause", "resume": "Resume"}


def _said(payload: Payload, name: str) -> str:
    value = payload.get(name)
    return "unknown" if value is None else str(value)


def _why(payload: Payload) -> str:
    reason = payload.get("reason")
    return f": “{reason}”" if reason and reason != "not given" else ""


def _wanted(payload: Payload) -> str:
    asked = _MOVES.get(str(payload.get("action")), "A move")
    also = (
        ", suspending what runs" if payload.get("suspend") and payload["action"] != "stop" else ""
    )
    return f"{asked} was asked for{also}{_why(payload)}"


def _queue(payload: Payload) -> str:
    action = _said(payload, "action")
    impact = payload.get("impact")
    return f"Queue, {action}{_why(payload)}" + (f"; {impact}" if impact else "")


def _progress(payload: Payload) -> str:
    best = number(payload.get("best_sharpe"))
    return (
        f"Generation {_said(payload, 'generation')} of {_said(payload, 'generations')}: "
        f"best {best}, {count(payload.get('trials'))} trials"
    )


def _completed(payload: Payload) -> str:
    trials, found = count(payload.get("trials")), count(payload.get("candidates"))
    return f"Completed: {trials} trials charged, {found} candidates with evidence"


def _caused(word: str) -> Callable[[Payload], str]:
    def told(payload: Payload) -> str:
        cause = payload.get("cause")
        return f"{word}: {cause}" if cause else word

    return told


def _incident(payload: Payload) -> str:
    return f"{payload.get('severity', 'Incident')}: {payload.get('summary', '')}"


def _verdict(payload: Payload) -> str:
    if payload.get("asked") == "promote":
        return f"Promotion was asked for{_why(payload)}"
    if "gates" in payload:
        return f"The panel says {payload.get('outcome')} of {payload.get('candidate')}"
    gate, why = payload.get("gate"), payload.get("why")
    told = str(payload.get("outcome", "judged")).capitalize()
    told += f" by the gate {gate}" if gate else ""
    return f"{told}: {why}" if why else told


def _canary(payload: Payload) -> str:
    found = "a promotion, which is false" if payload.get("promoted") else "nothing promoted"
    return f"Canary judged: {found}; score {number(payload.get('score'), 3)}"


def _look(payload: Payload) -> str:
    level = probability(payload.get("level"))
    p_value = payload.get("p_value")
    if p_value is None:
        return f"Look {payload.get('ordinal', '')} granted at level {level}"
    return f"Look taken: p {probability(p_value)} at level {level}"


def _moved(word: str) -> Callable[[Payload], str]:
    return lambda payload: f"Hall of Fame: {word}{_why(payload)}"


def _gap(payload: Payload) -> str:
    slept, jumped = float(payload.get("slept_s") or 0.0), float(payload.get("jumped_s") or 0.0)
    told = [f"the machine slept for {slept:,.0f} s"] if slept else []
    if jumped:
        told.append(
            f"its date was set {'forward' if jumped > 0 else 'back'} by {abs(jumped):,.0f} s"
        )
    sentence = " and ".join(told) or "its clocks moved"
    return f"{sentence[:1].upper()}{sentence[1:]}; no run is blamed for it"


TOLD: Mapping[str, Callable[[Payload], str]] = {
    "miner.wanted": _wanted,
    "miner.state": lambda p: f"The miner is {_said(p, 'new')}, it was {_said(p, 'previous')}",
    "queue.change": _queue,
    "queue.file_refused": lambda p: _said(p, "reason"),
    "seed.registered": lambda p: f"Seed {p.get('seed', '')} registered",
    "run.queued": lambda p: f"A run waits with seed {p.get('seed', '')}",
    "run.claimed": lambda p: f"Attempt {_said(p, 'attempt')} begins, seed {_said(p, 'seed')}",
    "run.progress": _progress,
    "run.completed": _completed,
    "run.failed": _caused("Failed"),
    "run.cancelled": _caused("Cancelled"),
    "run.interrupted": _caused("Back in the queue"),
    "verdict.given": _verdict,
    "canary.judged": _canary,
    "canary.known": lambda _: "Canary not counted: its market was judged before",
    "look.granted": _look,
    "look.taken": _look,
    "look.torn": lambda _: "What the look left is torn; it is executed again under the same grant",
    "hall.promoted": _moved("a subject entered"),
    "hall.flagged": _moved("flagged"),
    "hall.demoted": _moved("demoted to research"),
    "hall.quarantined": _moved("quarantined"),
    "hall.removed": _moved("removed"),
    "incident.opened": _incident,
    "machine.gap": _gap,
    "hall.released": _moved("out of quarantine"),
    "hall.revalidation_queued": lambda p: f"To be validated again because of {_said(p, 'trigger')}",
    "data.incident": lambda p: (
        f"Data {_said(p, 'name')} called into question: {_said(p, 'summary')}"
    ),
    "data.released": lambda p: (
        f"Data in question released: {len(p.get('snapshots') or ())} snapshots, "
        f"{_said(p, 'runs')} runs, {len(p.get('entries') or ())} entries"
    ),
    "data.updated": lambda p: (
        f"Data set {_said(p, 'name')} updated" + ("" if p.get("is_new") else ": nothing new")
    ),
    "data.limit": lambda p: f"Limit of age set to {_said(p, 'new')} days",
    "data.imported": lambda p: f"Data published as {_said(p, 'name')} ({_said(p, 'environment')})",
    "market.removed": lambda p: (
        f"The bars of {_said(p, 'name')} were let go: its seed makes them anew"
    ),
}
"""Kind -> its sentence; a kind without one is told by its meaning."""


def sentence(record: Record) -> str:
    """What happened, for a person."""
    tell = TOLD.get(record.kind)
    if tell is not None:
        return tell(record.payload)
    meaning = KINDS.get(record.kind, record.kind)
    told = meaning[:1].upper() + meaning[1:]
    more = record.payload.get("sentence") or record.payload.get("summary")
    return f"{told}: {more}" if more else told
