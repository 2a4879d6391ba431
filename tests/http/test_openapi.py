"""OpenAPI documents, from operations and shapes."""

from __future__ import annotations

import msgspec
import pytest

from sayso.http.openapi import Answer, NameTaken, Operation, Surface, document


class Thing(msgspec.Struct):
    id: str


def same_name() -> type[msgspec.Struct]:
    return msgspec.defstruct("Thing", [("number", int)])


def operation(shape: type[msgspec.Struct] = Thing, **more) -> Operation:
    known = {
        "id": "thing.find",
        "method": "GET",
        "path": "/things/{id}",
        "tag": "Things",
        "summary": "",
        "description": "",
    }
    return Operation(**known | {"answers": [Answer(status=200, description="Done.", shapes=(shape,))]} | more)


def described(*operations: Operation, **more):
    surfaces = [Surface(tag=each.tag, description="", operations=[each], **more) for each in operations]
    security = {"bearer": {"type": "http", "scheme": "bearer"}}
    return document({"title": "T", "version": "1"}, [{"url": "/"}], surfaces, {"X-Id": {}}, security)


def test_an_operation_stands_under_its_path_and_method_with_its_path_parameters():
    found = described(operation(of_path={"id": "Which."}))["paths"]["/things/{id}"]["get"]

    assert [("id", "path", True, "Which.")] == [
        (known["name"], known["in"], known["required"], known["description"]) for known in found["parameters"]
    ]


def test_a_shape_is_described_once_and_referred_to():
    found = described(operation(), operation(method="PUT", body=Thing, tag="More"))

    assert ["Thing"] == list(found["components"]["schemas"])
    schema = {"$ref": "#/components/schemas/Thing"}
    put = found["paths"]["/things/{id}"]["put"]
    assert schema == put["requestBody"]["content"]["application/json"]["schema"]
    assert schema == put["responses"]["200"]["content"]["application/json"]["schema"]


def test_an_answer_of_several_shapes_is_any_of_them():
    answer = Answer(status=200, description="", shapes=(Thing, msgspec.defstruct("Other", [("n", int)])))

    found = described(operation(answers=[answer]))["paths"]["/things/{id}"]["get"]["responses"]["200"]

    assert 2 == len(found["content"]["application/json"]["schema"]["anyOf"])


def test_only_what_has_a_scope_needs_a_token():
    open_, closed = operation(), operation(method="PUT", scope="read")
    found = described(open_, closed)["paths"]["/things/{id}"]

    assert ([], [{"bearer": ["read"]}]) == (found["get"]["security"], found["put"]["security"])


def test_one_name_for_two_shapes_is_refused():
    with pytest.raises(NameTaken):
        described(operation(), operation(same_name(), method="PUT", tag="More"))


def test_a_surface_may_say_what_shapes_cannot():
    def revise(schemas):
        schemas["Thing"]["properties"]["id"]["description"] = "Which."

    assert (
        "Which."
        == described(operation(), revise=revise)["components"]["schemas"]["Thing"]["properties"]["id"]["description"]
    )
