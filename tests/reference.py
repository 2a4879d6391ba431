"""The contacts side in plain dictionaries: what a server must answer, and nothing about how. `test_reference` holds the
server to it. Things are known by numbers, in the order in which they were made; a wrong number names nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

DAY = 86_400_000
WEEK = 7 * DAY
NEWEST = 10

OPT_IN, OPT_OUT = "opt_in", "opt_out"
NOT_THERE = {"tags": "not_found", "companies": "company_not_found"}
WEIGHT = {None: 0, "granted": 1, "withdrawn": 2}


class Refused(Exception):
    """`more`: the contact that holds an identifier already, and whether it is away."""

    def __init__(self, status: int, code: str, more: tuple[int, bool] | None = None) -> None:
        super().__init__(status, code, more)
        self.told = (status, code, more)


@dataclass
class Person:
    number: int
    role: str
    created: int
    external_id: str | None = None
    email: str | None = None
    name: str | None = None
    stopped: bool = False
    state: str = "live"
    left: int = 0
    tags: list[int] = field(default_factory=list)
    companies: list[int] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)
    choices: dict[str, str] = field(default_factory=dict)

    def held(self) -> set[tuple[str, str]]:
        """What no other user may have."""
        mine = {("email", self.email and self.email.lower()), ("external_id", self.external_id)}
        return {(kind, value) for kind, value in mine if value} if self.role == "user" else set()

    def attached(self) -> list[str]:
        wanted = {OPT_IN: "granted", OPT_OUT: "withdrawn"}
        return [type_ for type_, choice in self.choices.items() if wanted[type_] == choice]


@dataclass
class Thing:
    """A tag or a company."""

    number: int
    name: str
    key: str
    is_there: bool = True


class Reference:
    def __init__(self, now: int) -> None:
        self.now = now
        self.people: list[Person] = []
        self.things: dict[str, list[Thing]] = {"tags": [], "companies": []}
        self.notes: list[str] = []

    def create(self, **fields: Any) -> Any:
        person = Person(len(self.people), fields.get("role") or "user", self.now)
        if person.role == "lead":
            person.external_id = f"made for {person.number}"
        self._change(person, fields)
        self.people.append(person)
        return self.view(person)

    def update(self, who: int, **fields: Any) -> Any:
        person = self._live(who)
        if person.role == "user" and fields.get("role") == "lead":
            raise Refused(400, "client_error")
        self._change(person, fields)
        return self.view(person)

    def _change(self, person: Person, fields: dict[str, Any]) -> None:
        role = fields.get("role") or person.role
        known = {name: fields.get(name, getattr(person, name)) for name in ("external_id", "email", "name")}
        if role == "lead":
            known["external_id"] = person.external_id
        after = Person(person.number, role, person.created, **known)
        if role == "user" and not (after.email or after.external_id):
            raise Refused(400, "parameter_not_found")
        for identifier in sorted(after.held()):
            self._claim(identifier, person.number)
        person.role, person.external_id, person.email, person.name = role, *known.values()
        person.stopped = fields.get("unsubscribed_from_emails", person.stopped)

    def _claim(self, identifier: tuple[str, str], number: int) -> None:
        for other in self.people:
            if other.number == number or identifier not in other.held():
                continue
            if other.state == "merged" or (other.state == "deleted" and other.left + WEEK <= self.now):
                continue
            raise Refused(409, "conflict", (other.number, other.state != "live"))

    def unarchive(self, who: int) -> Any:
        person = self._person(who)
        refused = {"merged": (404, "not_found"), "blocked": (400, "not_restorable"), "deleted": (400, "bad_request")}
        if person.state in refused:
            raise Refused(*refused[person.state])
        person.state = "live"
        return person.number

    def away(self, who: int, state: str) -> Any:
        """Archived, blocked or deleted."""
        person = self._person(who)
        if state != "deleted" or person.state != "archived":
            person = self._live(who)
        person.state, person.left = state, self.now
        return person.number

    def merge(self, lead: int, user: int) -> Any:
        if lead == user:
            raise Refused(400, "parameter_invalid")
        gone, stays = self._live(lead), self._live(user)
        if gone.role != "lead" or stays.role != "user":
            raise Refused(400, "parameter_invalid")
        self._inherit(stays, gone)
        for kind in ("tags", "companies"):
            setattr(stays, kind, list(dict.fromkeys(getattr(stays, kind) + getattr(gone, kind))))
        stays.notes = sorted(stays.notes + gone.notes)
        for type_, choice in gone.choices.items():
            if WEIGHT[choice] > WEIGHT[stays.choices.get(type_)]:
                self._choose(stays, type_, choice)
        stays.stopped |= gone.stopped
        gone.state = "merged"
        return self.view(stays)

    def _inherit(self, stays: Person, gone: Person) -> None:
        """The survivor's own, and the lead's where it has nothing; not an address that somebody else has."""
        stays.name = gone.name if stays.name is None else stays.name
        if stays.email is None and gone.email:
            with suppress(Refused):
                self._claim(("email", gone.email.lower()), stays.number)
                stays.email = gone.email

    def find(self, who: int) -> Any:
        return self.view(self._live(who))

    def view(self, person: Person) -> dict[str, Any]:
        return {
            "number": person.number,
            "role": person.role,
            "external_id": person.external_id,
            "email": person.email,
            "name": person.name,
            "stopped": person.stopped,
            "tags": self._there("tags", person.tags)[:NEWEST],
            "companies": self._there("companies", person.companies)[:NEWEST],
            "notes": person.notes[::-1][:NEWEST],
            "opted": [type_ for type_ in (OPT_IN, OPT_OUT) if type_ in person.attached()],
        }

    def attach(self, who: int, type_: str) -> Any:
        self._choose(self._live(who), type_, "granted" if type_ == OPT_IN else "withdrawn")
        return type_

    def detach(self, who: int, type_: str) -> Any:
        person = self._live(who)
        if type_ not in person.attached():
            raise Refused(404, "not_found")
        if type_ == OPT_IN:
            self._choose(person, type_, "withdrawn")
        else:
            del person.choices[type_]
        return type_

    def attached(self, who: int) -> Any:
        return self._live(who).attached()

    def _choose(self, person: Person, type_: str, choice: str) -> None:
        if person.choices.get(type_) != choice:
            person.choices.pop(type_, None)
            person.choices[type_] = choice

    def make_tag(self, name: str) -> Any:
        return self._made("tags", name, name).number, name

    def make_company(self, key: str, name: str) -> Any:
        self._made("companies", key, name).name = name
        return self._made("companies", key, name).number, key, name

    def _made(self, kind: str, key: str, name: str) -> Thing:
        things = self.things[kind]
        if all(thing.key != key for thing in things if thing.is_there):
            things.append(Thing(len(things), name, key))
        return next(thing for thing in things if thing.is_there and thing.key == key)

    def forget(self, kind: str, number: int) -> Any:
        self._thing(kind, number).is_there = False
        return number

    def link(self, kind: str, who: int, number: int) -> Any:
        links = getattr(self._live(who), kind)
        self._thing(kind, number)
        if number not in links:
            links.append(number)
        return number

    def unlink(self, kind: str, who: int, number: int) -> Any:
        links = getattr(self._live(who), kind)
        self._thing(kind, number)
        if number not in links:
            raise Refused(404, NOT_THERE[kind])
        links.remove(number)
        return number

    def links(self, kind: str, who: int) -> Any:
        return self._there(kind, getattr(self._live(who), kind))

    def all_tags(self) -> Any:
        return [(tag.number, tag.name) for tag in self.things["tags"] if tag.is_there]

    def people_of(self, company: int) -> Any:
        self._thing("companies", company)
        return [person.number for person in self._everybody() if company in person.companies]

    def note(self, who: int, text: str) -> Any:
        person = self._live(who)
        person.notes.append(len(self.notes))
        self.notes.append(f"<p>{text}</p>")
        return person.notes[-1], self.notes[-1], person.number

    def notes_of(self, who: int) -> Any:
        return [(number, self.notes[number]) for number in self._live(who).notes[::-1]]

    def find_note(self, note: int) -> Any:
        for person in self._everybody():
            if note in person.notes:
                return note, self.notes[note], person.number
        raise Refused(404, "not_found")

    # Searches: a filter is (field, operator, value), a group (AND or OR, filters).

    def search(self, query: tuple[Any, ...]) -> list[int]:
        return [person.number for person in self._everybody() if self._matches(person, query)]

    def _matches(self, person: Person, query: tuple[Any, ...]) -> bool:
        if query[0] in ("AND", "OR"):
            found = [self._matches(person, part) for part in query[1]]
            return all(found) if query[0] == "AND" else any(found)
        name, word, value = query
        if name == "tag":
            return (value in self._there("tags", person.tags)) == (word == "=")
        if name == "created_at":
            return PARTS[word](person.created // DAY, value // DAY)
        held = person.stopped if name == "unsubscribed_from_emails" else getattr(person, name)
        if name == "email":
            held, value = _lower(held), _lower(value)
        return PARTS[word](held, value)

    def _everybody(self) -> list[Person]:
        return [person for person in self.people if person.state == "live"]

    def _person(self, who: int) -> Person:
        if not 0 <= who < len(self.people):
            raise Refused(404, "not_found")
        return self.people[who]

    def _live(self, who: int) -> Person:
        person = self._person(who)
        if person.state != "live":
            raise Refused(404, "not_found")
        return person

    def _thing(self, kind: str, number: int) -> Thing:
        if not self._there(kind, [number]):
            raise Refused(404, NOT_THERE[kind])
        return self.things[kind][number]

    def _there(self, kind: str, numbers: list[int]) -> list[int]:
        things = self.things[kind]
        return [number for number in numbers if 0 <= number < len(things) and things[number].is_there]


PARTS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda held, value: held < value,
    ">": lambda held, value: held > value,
    "=": lambda held, value: held == value,
    "!=": lambda held, value: held != value,
    "IN": lambda held, value: held in value,
    "NIN": lambda held, value: held not in value,
    "~": lambda held, value: held is not None and value in held,
    "!~": lambda held, value: held is None or value not in held,
    "^": lambda held, value: held is not None and held.startswith(value),
    "$": lambda held, value: held is not None and held.endswith(value),
}


def _lower(value: Any) -> Any:
    return [_lower(each) for each in value] if isinstance(value, list) else value and value.lower()
