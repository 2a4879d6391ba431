"""A contact's subscriptions on Intercom's wire: the decided behaviour, row by row."""

import pytest
from tests.conftest import Acme
from tests.intercom.told import RESOURCE_NOT_FOUND, USER_NOT_FOUND, refused, told
from tests.storage.conftest import keep_type

from sayso.domain import subscription_type as rules
from sayso.domain.act import Act, Author
from sayso.domain.consent import Wish, decide
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import TypeDraft, TypeState

NOBODY = "65a000000000000000000000"


async def subscriptions(acme: Acme, contact: str) -> list[str]:
    """The ids listed for a contact."""
    answer = await acme.get(f"/contacts/{contact}/subscriptions")
    assert 200 == answer.status_code
    assert ["type", "data"] == list(answer.json())
    return [item["id"] for item in answer.json()["data"]]


async def attach(acme: Acme, contact: str, word: str, **more: object):
    return await acme.post(f"/contacts/{contact}/subscriptions", {"id": acme.types[word], **more})


async def detach(acme: Acme, contact: str, word: str):
    return await acme.delete(f"/contacts/{contact}/subscriptions/{acme.types[word]}")


async def ledger(acme: Acme, contact: str) -> list[tuple[str, str | None, str]]:
    stored = await acme.region.store.ledger.chain(acme.workspace.id, contact)
    return [(row.entry.event.value, row.entry.type_id, row.entry.state) for row in stored]


async def choose(acme: Acme, contact: str, word: str, choice: Choice) -> None:
    """A choice that Intercom's wire cannot express."""
    store, now = acme.region.store, acme.clock()
    head = await store.contact.head(acme.workspace.id, contact)
    type_ = await acme.region.types.current(acme.workspace.id, acme.types[word])
    change = decide(head, type_, Wish(choice), Act(f"{now:032x}", now, Author("subject", "s", "page", "r")))
    await store.contact.commit(change)


async def test_a_new_contact_has_no_subscriptions(acme: Acme):
    contact = await acme.contact()

    assert b'{"type":"list","data":[]}' == (await acme.get(f"/contacts/{contact}/subscriptions")).content


async def test_an_opt_in_type_that_is_attached_is_granted_and_listed(acme: Acme):
    contact = await acme.contact()

    answer = await attach(acme, contact, "opt_in", consent_type="opt_in")

    assert 200 == answer.status_code
    assert [answer.json()] == (await acme.get(f"/contacts/{contact}/subscriptions")).json()["data"]
    assert [("consent.granted", acme.types["opt_in"], "granted")] == await ledger(acme, contact)


async def test_an_opt_out_type_that_is_attached_is_withdrawn_and_listed(acme: Acme):
    contact = await acme.contact()

    answer = await attach(acme, contact, "opt_out", consent_type="opt_out")

    assert 200 == answer.status_code
    assert [answer.json()] == (await acme.get(f"/contacts/{contact}/subscriptions")).json()["data"]
    assert [("consent.withdrawn", acme.types["opt_out"], "withdrawn")] == await ledger(acme, contact)


async def test_attach_answers_the_whole_type_in_the_documented_order(acme: Acme):
    contact = await acme.contact()

    answer = await attach(acme, contact, "sms")

    assert {
        "type": "subscription",
        "id": acme.types["sms"],
        "state": "live",
        "consent_type": "opt_in",
        "default_translation": {"name": "Offers by text", "description": "About Offers by text", "locale": "en"},
        "translations": [
            {"name": "Offers by text", "description": "About Offers by text", "locale": "en"},
            {"name": "Offers by text auf Deutsch", "description": "Über Offers by text", "locale": "de"},
        ],
        "content_types": ["sms_message"],
    } == answer.json()
    assert ["type", "id", "state", "consent_type", "default_translation", "translations", "content_types"] == list(
        answer.json()
    )


async def test_the_id_of_a_type_may_be_an_integer_and_is_answered_as_a_string(acme: Acme):
    contact = await acme.contact()

    answer = await acme.post(f"/contacts/{contact}/subscriptions", {"id": int(acme.types["opt_in"])})

    assert 200 == answer.status_code
    assert acme.types["opt_in"] == answer.json()["id"]


@pytest.mark.parametrize("body", [None, {}, {"consent_type": "opt_in"}, {"identifier": "1"}])
async def test_attach_without_an_id_tells_that_it_is_missing(acme: Acme, body: object):
    contact = await acme.contact()

    answer = await acme.post(f"/contacts/{contact}/subscriptions", body)

    assert (400, "parameter_not_found", "id") == refused(answer)
    assert [] == await ledger(acme, contact)


@pytest.mark.parametrize("body", [{}, {"consent_type": None}])
@pytest.mark.parametrize("word", ["opt_in", "opt_out"])
async def test_without_a_consent_type_the_type_s_own_counts(acme: Acme, word: str, body: dict):
    contact = await acme.contact()

    answer = await attach(acme, contact, word, **body)

    assert (200, word) == (answer.status_code, answer.json()["consent_type"])
    assert [acme.types[word]] == await subscriptions(acme, contact)


@pytest.mark.parametrize(
    ("word", "consent_type"),
    [
        ("opt_in", "opt_out"),
        ("opt_out", "opt_in"),
        ("opt_in", ""),
        ("opt_in", "OPT_IN"),
        ("opt_in", "opt_in "),
        ("opt_out", "neither"),
        ("opt_in", 1),
        ("opt_in", True),
        ("opt_in", ["opt_in"]),
        ("opt_in", {"opt_in": True}),
    ],
)
async def test_a_consent_type_that_is_not_the_type_s_is_refused_and_writes_nothing(acme: Acme, word, consent_type):
    contact = await acme.contact()

    answer = await attach(acme, contact, word, consent_type=consent_type)

    assert (400, "parameter_invalid", "consent_type") == refused(answer)
    assert [] == await subscriptions(acme, contact)
    assert [] == await ledger(acme, contact)


@pytest.mark.parametrize("word", ["opt_in", "opt_out"])
async def test_to_attach_again_answers_the_same_and_makes_no_new_entry(acme: Acme, word: str):
    contact = await acme.contact()
    first = await attach(acme, contact, word)
    acme.clock.pass_(5_000)

    again = await attach(acme, contact, word)

    assert (200, first.content) == (again.status_code, again.content)
    assert 1 == len(await ledger(acme, contact))


async def test_to_attach_an_opt_out_type_that_was_refused_makes_no_new_entry(acme: Acme):
    contact = await acme.contact()
    await choose(acme, contact, "opt_out", Choice.WITHDRAWN)

    assert 200 == (await attach(acme, contact, "opt_out")).status_code
    assert 1 == len(await ledger(acme, contact))


async def test_to_detach_an_opt_in_type_withdraws_the_consent(acme: Acme):
    contact = await acme.contact()
    attached = await attach(acme, contact, "opt_in")

    answer = await detach(acme, contact, "opt_in")

    assert (200, attached.content) == (answer.status_code, answer.content)
    assert [] == await subscriptions(acme, contact)
    assert ("consent.withdrawn", acme.types["opt_in"], "withdrawn") == (await ledger(acme, contact))[-1]


async def test_to_detach_an_opt_out_type_clears_the_choice(acme: Acme):
    contact = await acme.contact()
    attached = await attach(acme, contact, "opt_out")

    answer = await detach(acme, contact, "opt_out")

    assert (200, attached.content) == (answer.status_code, answer.content)
    assert [] == await subscriptions(acme, contact)
    assert ("choice.cleared", acme.types["opt_out"], "none") == (await ledger(acme, contact))[-1]


@pytest.mark.parametrize("word", ["opt_in", "opt_out", "draft", "archived"])
async def test_what_is_not_attached_cannot_be_detached(acme: Acme, word: str):
    contact = await acme.contact()

    assert RESOURCE_NOT_FOUND == told(await detach(acme, contact, word))
    assert [] == await ledger(acme, contact)


@pytest.mark.parametrize("word", ["opt_in", "opt_out"])
async def test_what_was_detached_cannot_be_detached_again(acme: Acme, word: str):
    contact = await acme.contact()
    await attach(acme, contact, word)
    await detach(acme, contact, word)

    assert RESOURCE_NOT_FOUND == told(await detach(acme, contact, word))
    assert 2 == len(await ledger(acme, contact))


@pytest.mark.parametrize("type_id", ["4711", "0", "-1", "invalid_id", "01", "1.0", "%00", "1%20", "9" * 400])
async def test_a_type_that_there_is_not_is_neither_attached_nor_detached(acme: Acme, type_id: str):
    contact = await acme.contact()

    detached = await acme.delete(f"/contacts/{contact}/subscriptions/{type_id}")
    attached = await acme.post(f"/contacts/{contact}/subscriptions", {"id": type_id})

    assert [RESOURCE_NOT_FOUND] * 2 == [told(detached), told(attached)]
    assert [] == await ledger(acme, contact)


@pytest.mark.parametrize("word", ["draft", "archived"])
async def test_a_type_that_is_not_live_cannot_be_attached(acme: Acme, word: str):
    contact = await acme.contact()

    assert RESOURCE_NOT_FOUND == told(await attach(acme, contact, word))
    assert [] == await ledger(acme, contact)


async def test_choices_on_a_type_that_is_archived_later_stay_listed_and_can_be_detached(acme: Acme):
    contact = await acme.contact()
    await attach(acme, contact, "opt_in")
    await acme.region.types.update(acme.workspace.id, acme.types["opt_in"], TypeDraft(state=TypeState.ARCHIVED))

    assert [acme.types["opt_in"]] == await subscriptions(acme, contact)
    assert RESOURCE_NOT_FOUND == told(await attach(acme, contact, "opt_in"))

    answer = await detach(acme, contact, "opt_in")

    assert (200, "archived") == (answer.status_code, answer.json()["state"])
    assert [] == await subscriptions(acme, contact)


async def test_the_list_has_the_order_of_choosing_and_what_is_attached_again_goes_last(acme: Acme):
    contact = await acme.contact()
    for word in ("sms", "opt_out", "opt_in"):
        await attach(acme, contact, word)
    assert [acme.types[word] for word in ("sms", "opt_out", "opt_in")] == await subscriptions(acme, contact)

    await detach(acme, contact, "sms")
    await attach(acme, contact, "sms")

    assert [acme.types[word] for word in ("opt_out", "opt_in", "sms")] == await subscriptions(acme, contact)


async def test_to_attach_again_what_is_attached_does_not_change_the_order(acme: Acme):
    contact = await acme.contact()
    for word in ("sms", "opt_out", "sms"):
        await attach(acme, contact, word)

    assert [acme.types[word] for word in ("sms", "opt_out")] == await subscriptions(acme, contact)


async def test_a_change_of_choice_bumps_updated_at_and_nothing_else_does(acme: Acme):
    contact = await acme.contact()

    async def updated_at() -> int:
        return (await acme.get(f"/contacts/{contact}")).json()["updated_at"]

    start = await updated_at()
    acme.clock.pass_(10_000)
    await attach(acme, contact, "opt_in")
    assert start + 10 == await updated_at()
    acme.clock.pass_(10_000)
    await attach(acme, contact, "opt_in")
    await acme.get(f"/contacts/{contact}/subscriptions")
    assert start + 10 == await updated_at()
    await detach(acme, contact, "opt_in")
    assert start + 20 == await updated_at()


async def test_updated_at_never_goes_back_with_the_clock(acme: Acme):
    contact = await acme.contact()
    start = (await acme.get(f"/contacts/{contact}")).json()["updated_at"]
    acme.clock.pass_(-60_000)

    await attach(acme, contact, "opt_in")

    assert start == (await acme.get(f"/contacts/{contact}")).json()["updated_at"]


@pytest.mark.parametrize("contact", [NOBODY, "nobody", "0", "%00", "A" * 3000, "%E2%80%AE", "..%2F.."])
async def test_a_contact_that_there_is_not_is_told_as_user_not_found(acme: Acme, contact: str):
    path = f"/contacts/{contact}/subscriptions"
    answers = [
        await acme.get(path),
        await acme.post(path, {"id": acme.types["opt_in"]}),
        await acme.delete(f"{path}/{acme.types['opt_in']}"),
    ]

    assert [USER_NOT_FOUND] * 3 == [told(answer) for answer in answers]


async def test_a_deleted_contact_has_no_subscriptions_any_more(acme: Acme):
    contact = await acme.contact()
    await attach(acme, contact, "opt_in")
    await acme.delete(f"/contacts/{contact}")

    answers = [
        await acme.get(f"/contacts/{contact}/subscriptions"),
        await attach(acme, contact, "opt_in"),
        await detach(acme, contact, "opt_in"),
    ]

    assert [USER_NOT_FOUND] * 3 == [told(answer) for answer in answers]


async def test_leads_have_subscriptions_too(acme: Acme):
    lead = await acme.contact(role="lead")

    assert 200 == (await attach(acme, lead, "opt_in")).status_code
    assert [acme.types["opt_in"]] == await subscriptions(acme, lead)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"id": "1"}', b"null", b"not json", b"\xff\x00"])
async def test_a_body_on_detach_is_ignored(acme: Acme, body: bytes):
    contact = await acme.contact()
    await attach(acme, contact, "opt_in")

    answer = await acme.client.request(
        "DELETE", f"/contacts/{contact}/subscriptions/{acme.types['opt_in']}", content=body
    )

    assert 200 == answer.status_code


async def test_a_type_published_by_another_process_can_be_attached_at_once(acme: Acme):
    contact = await acme.contact()
    missed = await attach(acme, contact, "draft")
    # Past our caches, as another process would write it.
    types = acme.region.store.subscription_type
    before = next(type_ for type_ in await types.all(acme.workspace.id) if type_.id == acme.types["draft"])
    await keep_type(acme.region.store, rules.update(before, TypeDraft(state=TypeState.LIVE), acme.clock()))

    assert RESOURCE_NOT_FOUND == told(missed)
    assert 200 == (await attach(acme, contact, "draft")).status_code


async def test_a_type_archived_by_another_process_cannot_be_attached_even_within_a_cache_s_second(acme: Acme):
    contact = await acme.contact()
    types = acme.region.store.subscription_type
    before = next(type_ for type_ in await types.all(acme.workspace.id) if type_.id == acme.types["opt_in"])
    await acme.get("/subscription_types")
    await keep_type(acme.region.store, rules.update(before, TypeDraft(state=TypeState.ARCHIVED), acme.clock()))

    answer = await attach(acme, contact, "opt_in")

    assert RESOURCE_NOT_FOUND == told(answer)
    assert [] == await ledger(acme, contact)


def test_a_real_server_lists_its_demo_types(server):
    with server.client as client:
        assert 4 == len(client.get("/subscription_types").json()["data"])


@pytest.mark.parametrize("kept", [100, 5])
async def test_what_is_rendered_of_a_contact_of_many_choices_is_not_kept(
    acme: Acme, monkeypatch: pytest.MonkeyPatch, kept: int
):
    for module in ("contact_subscription", "contact_object"):
        monkeypatch.setattr(f"sayso.intercom.{module}.LONGEST_KEPT", kept)
    contact = await acme.contact()
    for word in ("sms", "opt_out", "opt_in"):
        await attach(acme, contact, word)

    wanted = [acme.types[word] for word in ("sms", "opt_out", "opt_in")]
    assert wanted == await subscriptions(acme, contact)
    shown = (await acme.get(f"/contacts/{contact}")).json()
    assert [wanted[0], wanted[2]] == [each["id"] for each in shown["opted_in_subscription_types"]["data"]]
    rendered = acme.region.snapshots.held(acme.workspace.id).rendered
    assert (kept == 100) is any(len(line) > 5 for what in ("list", "attached") for line in rendered[what])
