"""State machines as tables that refuse, explain and draw themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from omp.domain.errors import IllegalMove


@dataclass(frozen=True)
class Machine:
    """A named table of moves: (state, action) -> next state.

    Args:
        name: What the states belong to, in the user's words.
        start: The state a new one is in.
        moves: Every arrow there is; an absent pair is an illegal move.
        notes: One line for each arrow that would surprise a reader.
    """

    name: str
    start: str
    moves: Mapping[tuple[str, str], str]
    notes: Mapping[tuple[str, str], str]

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order first named."""
        seen = dict.fromkeys([self.start])
        for (state, _), after in self.moves.items():
            seen.update(dict.fromkeys([state, after]))
        return tuple(seen)

    @property
    def terminal(self) -> frozenset[str]:
        """States that nothing leaves."""
        return frozenset(self.states) - {state for state, _ in self.moves}

    def allowed(self, state: str) -> tuple[str, ...]:
        """The actions that are legal in `state`."""
        return tuple(action for (origin, action) in self.moves if origin == state)

    def after(self, state: str, action: str) -> str:
        """The state that `action` leads to.

        Raises:
            IllegalMove: If the table has no such arrow; names the legal actions.
        """
        try:
            return self.moves[state, action]
        except KeyError:
            legal = ", ".join(self.allowed(state)) or "nothing: this state is final"
            raise IllegalMove(
                f"{action!r} is not possible while the {self.name} is {state}",
                allowed=legal,
                remedy="look at the current state first (omp status) and choose a legal action",
            ) from None

    def mermaid(self) -> str:
        """The diagram that the documentation prints."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.start}"]
        lines += [f"    {a} --> {b}: {action}" for (a, action), b in self.moves.items()]
        lines += [f"    {state} --> [*]" for state in self.states if state in self.terminal]
        return "\n".join(lines)
