"""The facts are what Intercom's descriptions say. Only this test needs the descriptions themselves."""

from __future__ import annotations

import json

import pytest
from scripts import facts
from tests.conformance.descriptions import description

from sayso.intercom.routes import NOT_STORED, ROUTES
from sayso.intercom.unserved import key

#: What the descriptions say about the items of a list that is always empty may contradict itself.
SERVED = {key(route.method, route.path) for route in ROUTES} - {key(route.method, route.path) for route in NOT_STORED}


# Without the descriptions there is nothing to compare: everything else is held against the facts.
if facts.DESCRIPTIONS.is_dir():

    def test_the_facts_are_those_of_the_descriptions(subtests: pytest.Subtests):
        for file in facts.files():
            with subtests.test(file.path.name):
                assert file.text == file.path.read_text("utf-8"), f"{file.path.name} is old: run `make facts`"
            with subtests.test(f"{file.version}: its examples satisfy its facts"):
                assert [] == [
                    (method, path, complaint)
                    for method, path, example in file.examples
                    if key(method, path) in SERVED
                    for complaint in description(file.version).complaints(method, path, 200, example)
                ]


def test_the_facts_hold_names_and_no_sentences():
    texts = {text for version in facts.VERSIONS for text in _texts(facts.facts(version))}

    assert not [text for text in texts if text.count(" ") > 1]


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_version_changes_the_one_before_as_rfc_7396_says(target: object, patch: object, result: object):
    """Examples of its appendix A."""
    before = json.dumps(target)

    assert result == facts.patched(target, patch)
    assert before == json.dumps(target)


def _texts(tree: object) -> list[str]:
    if isinstance(tree, dict):
        return [text for key_, value in tree.items() for text in (key_, *_texts(value))]
    if isinstance(tree, list):
        return [text for item in tree for text in _texts(item)]
    return [tree] if isinstance(tree, str) else []
