"""The state machines hold exactly the arrows of the contract."""

from itertools import product

import pytest

from omp.domain.campaign import CAMPAIGN
from omp.domain.errors import IllegalMove
from omp.domain.hall import ENTRY
from omp.domain.incident import INCIDENT
from omp.domain.machine import Machine
from omp.domain.miner import MINER
from omp.domain.run import RUN

ALL = (CAMPAIGN, ENTRY, INCIDENT, MINER, RUN)

ARROWS = {
    MINER.name: {
        ("offline", "running"),
        ("running", "paused"),
        ("running", "offline"),
        ("paused", "running"),
        ("paused", "offline"),
    },
    RUN.name: {
        ("queued", "running"),
        ("queued", "cancelled"),
        ("running", "completed"),
        ("running", "failed"),
        ("running", "cancelled"),
        ("running", "queued"),
    },
    CAMPAIGN.name: {
        ("enabled", "disabled"),
        ("disabled", "enabled"),
        ("enabled", "quarantined"),
        ("disabled", "quarantined"),
        ("quarantined", "disabled"),
    },
    ENTRY.name: {
        ("active", "flagged"),
        ("flagged", "active"),
        ("active", "demoted"),
        ("flagged", "demoted"),
        ("active", "quarantined"),
        ("flagged", "quarantined"),
        ("quarantined", "active"),
        ("demoted", "active"),
        ("active", "removed"),
        ("flagged", "removed"),
        ("demoted", "removed"),
        ("quarantined", "removed"),
    },
    INCIDENT.name: {
        ("open", "acknowledged"),
        ("open", "resolved"),
        ("acknowledged", "resolved"),
    },
}


@pytest.mark.parametrize("machine", ALL, ids=lambda machine: machine.name)
def test_the_arrows_are_those_of_the_contract(machine: Machine) -> None:
    assert {(a, b) for (a, _), b in machine.moves.items()} == ARROWS[machine.name]


@pytest.mark.parametrize("machine", ALL, ids=lambda machine: machine.name)
def test_every_other_move_is_refused_with_the_allowed_ones_named(machine: Machine) -> None:
    actions = {action for _, action in machine.moves}
    refused = 0
    for state, action in product(machine.states, actions):
        if (state, action) in machine.moves:
            assert machine.after(state, action) in machine.states
            continue
        refused += 1
        with pytest.raises(IllegalMove) as caught:
            machine.after(state, action)
        assert caught.value.http_status == 409
        for legal in machine.allowed(state):
            assert legal in caught.value.allowed
    assert refused > 0


@pytest.mark.parametrize(
    ("machine", "final"),
    [(RUN, {"completed", "failed", "cancelled"}), (ENTRY, {"removed"}), (INCIDENT, {"resolved"})],
)
def test_final_states_are_left_by_nothing(machine: Machine, final: set[str]) -> None:
    assert machine.terminal == final
    assert all(not machine.allowed(state) for state in final)


@pytest.mark.parametrize("machine", ALL, ids=lambda machine: machine.name)
def test_every_state_can_be_reached(machine: Machine) -> None:
    reached = {machine.start}
    for _ in machine.states:
        reached |= {b for (a, _), b in machine.moves.items() if a in reached}
    assert reached == set(machine.states)


@pytest.mark.parametrize("machine", ALL, ids=lambda machine: machine.name)
def test_the_diagram_draws_every_arrow(machine: Machine) -> None:
    drawn = machine.mermaid()
    for (before, action), after in machine.moves.items():
        assert f"{before} --> {after}: {action}" in drawn
    assert drawn.startswith("stateDiagram-v2")


@pytest.mark.parametrize("machine", ALL, ids=lambda machine: machine.name)
def test_a_note_belongs_to_an_arrow(machine: Machine) -> None:
    known = set(machine.moves) | {(b, a) for (_, a), b in machine.moves.items()}
    assert set(machine.notes) <= known
