"""What verification can find: states, in the order of their weight, and the report (docs/audit-format.md, 9)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum


class State(Enum):
    """A state, with its exit code; the heaviest first."""

    TAMPERED = 20
    FORK = 21
    MISSING = 22
    MASKED = 23
    NOT_VERIFIED = 24
    UNSEALED = 25
    TAIL_UNPROVEN = 26
    OK = 0

    def __str__(self) -> str:
        return self.name.replace("_", " ")


_WEIGHT = {state: weight for weight, state in enumerate(State)}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        state: what it makes of the whole.
        text: what is wrong, without content of the record.
        chain: hash text; empty where no chain is known.
        seq: number of the record; None where none is meant.
        place: file and line, or the like; empty where there is none.
    """

    state: State
    text: str
    chain: str = ""
    seq: int | None = None
    place: str = ""


@dataclass
class Report:
    """The result of a verification.

    Attributes:
        problems: all that is wrong, the heaviest first; of a chain the first record first.
        records, chains: how many sealed records and chains there are.
        proven: how many records are proven.
        duplicates: how many records came once more, in all members the same.
        unsealed: how many audit records have no seal.
        notes: what a person should know besides, such as what HMAC cannot prove.
    """

    problems: list[Problem] = field(default_factory=list)
    records: int = 0
    chains: int = 0
    proven: int = 0
    duplicates: int = 0
    unsealed: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def state(self) -> State:
        """The heaviest state that applies."""
        return self.problems[0].state if self.problems else State.OK

    def add(self, state: State, text: str, chain: str = "", seq: int | None = None, place: str = "") -> None:
        """Note a problem."""
        self.problems.append(Problem(state, text, chain, seq, place))

    def sort(self) -> None:
        """Bring the problems into their order."""
        self.problems.sort(key=lambda each: (_WEIGHT[each.state], each.chain, -1 if each.seq is None else each.seq))

    def counts(self) -> Counter[State]:
        """How many problems of each state there are."""
        return Counter(each.state for each in self.problems)
