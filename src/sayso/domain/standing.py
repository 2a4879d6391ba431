"""Standing: the fold of a contact's ledger. Its present choices, in the order chosen, and its channel-wide stops."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from sayso.domain.subscription_type import Channel, TypeId


class Choice(StrEnum):
    """What a contact chose for a type as a whole; NONE is the type's default."""

    __hash__ = str.__hash__

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    PENDING = "pending"
    NONE = "none"


_LETTER = {Choice.GRANTED: "g", Choice.WITHDRAWN: "w", Choice.REFUSED: "r", Choice.PENDING: "p"}
_CHOICE = {letter: choice for choice, letter in _LETTER.items()}
_STOP = "!"

_NONE = Choice.NONE

#: Of longer lines nothing is kept in memory, in characters: few contacts share one, and thousands would be kept.
LONGEST_KEPT = 128


@dataclass(frozen=True, slots=True)
class Standing:
    """Immutable: each change makes a new one. `choices` never holds NONE."""

    choices: tuple[tuple[TypeId, Choice], ...] = ()
    stops: tuple[Channel, ...] = ()
    _line: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        words = [type_id + _LETTER[choice] for type_id, choice in self.choices]
        object.__setattr__(self, "_line", " ".join(words + [_STOP + stop for stop in self.stops]))

    def of(self, type_id: TypeId) -> Choice:
        """The contact's present choice for a type, NONE where there is none."""
        for chosen, choice in self.choices:
            if chosen == type_id:
                return choice
        return _NONE

    def choose(self, type_id: TypeId, choice: str) -> Standing:
        """The standing after a choice: what is chosen last goes last. Raises ValueError on what is no Choice."""
        if len(self._line) > LONGEST_KEPT:
            return _choose(self._line, type_id, choice)
        return _chosen(self._line, type_id, choice)

    def stop(self, channel: Channel) -> Standing:
        return self if channel in self.stops else Standing(self.choices, (*self.stops, channel))

    def lift(self, channel: Channel) -> Standing:
        return Standing(self.choices, tuple(stop for stop in self.stops if stop != channel))

    def packed(self) -> str:
        """One short line for the contact's row: `3g 5w !email`."""
        return self._line

    @staticmethod
    def unpacked(line: str) -> Standing:
        """The reverse of `packed`. Raises ValueError or KeyError on a line that `packed` never makes."""
        return _unpack(line) if len(line) > LONGEST_KEPT else _unpacked(line)


def _unpack(line: str) -> Standing:
    words = line.split()
    choices = tuple((TypeId(word[:-1]), _CHOICE[word[-1]]) for word in words if word[0] != _STOP)
    return Standing(choices, tuple(Channel(word[1:]) for word in words if word[0] == _STOP))


def _choose(line: str, type_id: TypeId, choice: str) -> Standing:
    before, chosen = Standing.unpacked(line), Choice(choice)
    rest = tuple(pair for pair in before.choices if pair[0] != type_id)
    return Standing(rest if chosen is _NONE else (*rest, (type_id, chosen)), before.stops)


# There are far fewer ways to choose than contacts.
_unpacked = lru_cache(maxsize=8_192)(_unpack)
_chosen = lru_cache(maxsize=8_192)(_choose)
