"""The normal form of an address: two spellings of one address have the same form. It alone is compared; what was given,
trimmed, is shown.

The form is computed when an address is stored, and stored beside it. Whoever changes what these functions return must
raise `NORMAL_FORM_VERSION` and compute every stored form again.
"""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import decimal, name, normalize

from sayso.domain.errors import Invalid

NORMAL_FORM_VERSION = 1

# Written out, since what Unicode counts among them changes with its versions, and so with Python's. White space, then
# soft hyphens, joiners, marks of direction and byte order marks, which take no room.
_RANGES = (
    *((0x09, 0x0D), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680)),
    *((0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
    *((0xAD, 0xAD), (0x034F, 0x034F), (0x061C, 0x061C), (0x180E, 0x180E)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064), (0x2066, 0x206F), (0xFEFF, 0xFEFF)),
)
_BLANKS = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))
_BLANK = re.compile(f"[{_BLANKS}]")

#: What separates the labels of a domain name (UTS 46, section 4.5).
_DOTS = re.compile("[.\u3002\uff0e\uff61]")

#: The longest label that DNS has, in characters.
_LABEL_LIMIT = 63

_PLUS = ("+", "\uff0b")

#: Longer texts are asked for in searches alone, and not kept.
_KEPT_LENGTH = 254


def trim(text: str) -> str:
    """An address as it is shown: without white space, byte order marks and invisible characters at its ends."""
    return text.strip(_BLANKS)


def check_email(email: str) -> None:
    """Raises Invalid where a trimmed email has white space or an invisible character inside."""
    found = _BLANK.search(email)
    if found is None:
        return
    character = found[0]
    called = name(character, "a control character")
    raise Invalid(
        "email must not contain white space or invisible characters, "
        f"and character {found.start() + 1} is U+{ord(character):04X} ({called})",
        "email",
    )


def normalize_email(email: str) -> str:
    """Trimmed, in NFC and lower case, the domain as A-labels. Any text has a form, also one that is no email."""
    return _email(email) if len(email) <= _KEPT_LENGTH else _email.__wrapped__(email)


def normalize_domain(domain: str) -> str:
    """What stands behind the last @ of the normal form of an email with this domain."""
    return _a_labels(_fold(trim(domain)))


def normalize_phone(phone: str) -> str:
    """E.164 where the number begins with + and a country's code. Otherwise its digits: where it is dialled from is not
    known. A text without digits stays a text."""
    return _phone(phone) if len(phone) <= _KEPT_LENGTH else _phone.__wrapped__(phone)


def normalize_email_part(part: str) -> str:
    """A part of an email, to be looked for in normal forms. Whole labels of a domain are found behind an @ alone."""
    return _behind_at(_fold(part))


def normalize_domain_part(part: str) -> str:
    """A part of an email's domain, to be looked for in normal forms: whole labels, or ASCII."""
    return _a_labels(_fold(part))


def normalize_phone_part(part: str) -> str:
    """A part of a phone number, to be looked for in normal forms: its digits, behind a + where there is one."""
    digits = _digits(part)
    if not digits:
        return _fold(part)
    return f"+{digits}" if trim(part).startswith(_PLUS) else digits


# A create needs a form twice: for the claim, and for the row.
@lru_cache(maxsize=1_024)
def _email(email: str) -> str:
    return _behind_at(_fold(trim(email)))


def _behind_at(text: str) -> str:
    local, at, domain = text.rpartition("@")
    return f"{local}@{_a_labels(domain)}" if at else text


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Lower case can leave marks apart that have a composed form.
    return normalize("NFC", normalize("NFC", text).lower())


def _a_labels(domain: str) -> str:
    if domain.isascii():
        return domain
    return ".".join(map(_a_label, _DOTS.split(domain)))


def _a_label(label: str) -> str:
    """A label that is none by IDNA 2008, such as an emoji, stays as it is: mail may get there all the same."""
    if label.isascii() or len(label) > _LABEL_LIMIT:
        return label
    # Imported here: its tables take 2 MB, and most domains are ASCII.
    import idna  # noqa: PLC0415

    try:
        return idna.encode(label, uts46=True).decode()
    except UnicodeError:
        return label


@lru_cache(maxsize=1_024)
def _phone(phone: str) -> str:
    text = trim(phone)
    return _e164(text) or _digits(text) or _fold(text)


def _e164(text: str) -> str | None:
    if not any(plus in text for plus in _PLUS):
        return None
    # Imported here: it takes 3 MB and 30 ms, and many workspaces have no phone numbers.
    import phonenumbers  # noqa: PLC0415

    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # Of a number that no plan has, such as one with a trunk prefix twice, it takes one away each time.
    return form if form == text else _e164(form)


def _digits(text: str) -> str:
    return "".join(str(decimal(character)) for character in text if character.isdecimal())
