"""Two spellings of one address have the same normal form, and a form is its own form."""
# ruff: noqa: RUF001 - letters that look like others are what this is about

from __future__ import annotations

import subprocess
import sys
from unicodedata import normalize

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sayso.domain import address
from sayso.domain.address import (
    check_email,
    normalize_domain,
    normalize_domain_part,
    normalize_email,
    normalize_email_part,
    normalize_phone,
    normalize_phone_part,
    trim,
)
from sayso.domain.errors import Invalid

#: Letters whose case, composition, width or script has tripped somebody up, and what an address is made of.
LETTERS = "aZ@.@..-_+0 9ßẞÄäA\u0308a\u030aÅıİiIi\u0307ΣςσÉe\u0301ﬁǅ\u1e9e\u0345ᾳ山ｅ。．＠\ud7ff\ue000\U0001f642❤\u200d\ufeff\u200b\xadא\u0661…㏂⒈"
TEXTS = st.text(st.sampled_from(LETTERS) | st.characters(exclude_categories=["Cs"]), max_size=30)
NUMBERS = st.text(st.sampled_from("+＋0123456789 -()./x٣７"), max_size=25)
BLANKS = st.text(st.sampled_from(address._BLANKS), max_size=4)

SAME = [
    ("Änne@example.com", "ÄNNE@EXAMPLE.COM", "A\u0308nne@example.com", "änne@example.com"),
    ("İstanbul@example.com", "I\u0307STANBUL@example.com", "i\u0307stanbul@example.com"),
    ("info@bücher.example", "INFO@BÜCHER.example", "info@xn--bcher-kva.example", "info@XN--BCHER-KVA.example"),
    ("a@bu\u0308cher.example", "a@bücher。example", "a@bücher．example", "a@b\xadücher.example"),
    ("sp@example.com", "  sp@example.com \n", "\ufeffsp@example.com\u200b", "\u202a\xa0sp@ｅｘａｍｐｌｅ.com\u2060"),
    ("a@_dmarc.bücher.example", "a@_DMARC.xn--bcher-kva.example"),
    ("a@i❤.ws", "A@I❤.WS"),
]

DIFFERENT = [
    ("straße@example.com", "strasse@example.com"),
    ("a@straße.example", "a@strasse.example"),
    ("i@example.com", "ı@example.com"),
    ("a.b@example.com", "ab@example.com"),
    ("a+b@example.com", "a@example.com"),
    ("a@i❤.ws", "a@i.ws"),
]


@pytest.mark.parametrize("spellings", SAME)
def test_spellings_of_one_email_have_one_form(spellings: tuple[str, ...]):
    assert 1 == len({normalize_email(spelling) for spelling in spellings})


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_emails_that_may_reach_different_people_have_different_forms(one: str, other: str):
    assert normalize_email(one) != normalize_email(other)


@pytest.mark.parametrize(
    ("email", "form"),
    [
        ("Straße@Bücher.Example", "straße@xn--bcher-kva.example"),
        ("a@Straße.example", "a@xn--strae-oqa.example"),
        ("ΟΔΥΣΣΕΥΣ@example.com", "οδυσσευς@example.com"),
        ("a@under_score.Example.com", "a@under_score.example.com"),
        ("no at sign", "no at sign"),
        ("x@@y", "x@@y"),
        ("", ""),
        (f"a@{'ü' * 64}.example", f"a@{'ü' * 64}.example"),
    ],
)
def test_the_form_of_an_email_is_fixed(email: str, form: str):
    assert 1 == address.NORMAL_FORM_VERSION
    assert form == normalize_email(email)


@given(TEXTS)
def test_the_form_of_a_form_of_an_email_is_itself(text: str):
    form = normalize_email(text)

    assert form == normalize_email(form)


@given(TEXTS, BLANKS, BLANKS)
def test_the_form_of_an_email_is_the_same_under_case_composition_and_blanks(text: str, before: str, after: str):
    form = normalize_email(text)

    assert form == normalize_email(text.lower())
    assert {form} == {normalize_email(normalize(form_, text)) for form_ in ("NFC", "NFD")}
    assert form == normalize_email(before + text + after)
    if text.isascii():
        assert form == normalize_email(text.upper())


@given(TEXTS)
def test_an_email_that_passes_has_no_blank_and_the_form_of_its_domain_is_that_of_the_domain_alone(text: str):
    email = trim(f"a@{text}")
    try:
        check_email(email)
    except Invalid:
        assume(False)

    assert not any(blank in email for blank in address._BLANKS)
    assert normalize_domain(email.rpartition("@")[2]) == normalize_email(email).rpartition("@")[2]


@pytest.mark.parametrize("blank", [" ", "\t", "\xa0", "\u200b", "\u200d", "\ufeff", "\u2060", "\u3000", "\xad"])
@pytest.mark.parametrize("email", ["a{}b@example.com", "a@exa{}mple.com"])
def test_a_blank_inside_an_email_is_refused_by_its_place_and_name(email: str, blank: str):
    with pytest.raises(Invalid) as refused:
        check_email(email.format(blank))

    assert "email" == refused.value.field
    assert f"character {email.index('{') + 1} is U+{ord(blank):04X} (" in refused.value.message
    assert "example" not in refused.value.message


def test_every_character_that_python_strips_is_trimmed():
    assert [] == [code for code in range(0x110000) if chr(code).isspace() and trim(chr(code))]


PHONES = [
    ("+49 30 1234567", "+49301234567"),
    ("+49 (0)30 / 123 45 67", "+49301234567"),
    ("\u202a+1 (555) 555-0100\u202c", "+15555550100"),
    ("＋８１ 3 1234 5678", "+81312345678"),
    ("tel:+44-20-7946-0958", "+442079460958"),
    ("+39 06 698 12345", "+390669812345"),
    ("+1 800 FLOWERS", "+18003569377"),
    ("+1 555 555 0100 ext. 5", "+15555550100"),
    ("+49 0030 123456", "+4930123456"),
    ("0049 30 1234567", "0049301234567"),
    ("(555) 555-0102", "5555550102"),
    ("٠٣٠ ١٢٣٤", "0301234"),
    ("+999 1234", "9991234"),
    ("No Number", "no number"),
    ("+", "+"),
    ("", ""),
]


@pytest.mark.parametrize(("phone", "form"), PHONES)
def test_a_phone_is_e164_where_its_country_is_known_and_else_its_digits(phone: str, form: str):
    assert form == normalize_phone(phone)


@given(NUMBERS | TEXTS)
def test_the_form_of_a_form_of_a_phone_is_itself(text: str):
    assert normalize_phone(text) == normalize_phone(normalize_phone(text))


@given(NUMBERS, BLANKS, BLANKS)
def test_the_form_of_a_phone_is_the_same_under_blanks_at_its_ends(text: str, before: str, after: str):
    assert normalize_phone(text) == normalize_phone(before + text + after)


@pytest.mark.parametrize(
    ("normalized", "email"),
    [
        (normalize_email_part("ÄNN"), "Änne@example.com"),
        (normalize_email_part("@BÜCHER.example"), "info@bücher.example"),
        (normalize_email_part(""), "info@bücher.example"),
        (normalize_domain_part("Bücher"), "info@bücher.example"),
        (normalize_domain_part("cher-"), "info@bücher.example"),
    ],
)
def test_a_part_of_an_email_is_found_in_its_form(normalized: str, email: str):
    assert normalized in normalize_email(email)


@pytest.mark.parametrize("part", ["555 5", "(555)", "+1 (5", "01-00", "0100"])
def test_a_part_of_a_phone_is_found_in_its_form(part: str):
    assert normalize_phone_part(part) in normalize_phone("+1 (555) 555-0100")


def test_a_part_of_a_phone_without_digits_stays_a_text():
    assert "num" == normalize_phone_part("NUM")
    assert normalize_phone_part("+") in normalize_phone("+1 555 555 0100")


@given(st.text(st.sampled_from("aÄ@.0+"), min_size=300, max_size=400))
def test_texts_longer_than_any_address_have_forms_too_and_are_not_kept(text: str):
    kept = (address._email.cache_info().currsize, address._phone.cache_info().currsize)

    assert (normalize_email(text), normalize_phone(text)) == (normalize_email(text), normalize_phone(text))
    assert kept == (address._email.cache_info().currsize, address._phone.cache_info().currsize)


def test_the_tables_of_names_and_numbers_are_loaded_when_the_first_address_needs_them():
    program = """
import sys
import sayso.server, sayso.deployment, sayso.cli
from sayso.domain.address import normalize_email, normalize_phone
normalize_email("Alice@Example.com"), normalize_email("Änne@example.com"), normalize_phone("030 1234567")
assert not {"idna", "phonenumbers"} & set(sys.modules)
normalize_email("a@bücher.example"), normalize_phone("+49 30 1234567")
assert {"idna", "phonenumbers"} <= set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
