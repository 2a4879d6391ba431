"""What an answer tells, in a form that tests compare."""

from __future__ import annotations

from typing import Any

import httpx2

USER_NOT_FOUND = (404, "not_found", "User Not Found", None)
RESOURCE_NOT_FOUND = (404, "not_found", "Resource Not Found", None)
NO_SUCH_PATH = (404, "not_found", "The requested resource does not exist; check your path and try again", None)
UNAUTHORIZED = (401, "unauthorized", "Access Token Invalid", None)


def told(answer: httpx2.Response) -> tuple[int, str, str, str | None]:
    """(status, code, message, field) of an answer that must be an error in the envelope, and nothing beside it."""
    body = answer.json()
    assert "application/json" in answer.headers["content-type"]
    assert ["type", "request_id", "errors"] == list(body)
    assert "error.list" == body["type"]
    assert answer.headers["x-request-id"] == body["request_id"]
    (error,) = body["errors"]
    assert set(error) <= {"code", "message", "field"}
    return answer.status_code, error["code"], error["message"], error.get("field")


def refused(answer: httpx2.Response) -> tuple[int, str, str | None]:
    """(status, code, field) of an error whose wording is free."""
    status, code, message, field = told(answer)
    assert message
    return status, code, field


def without_request_id(answer: httpx2.Response) -> tuple[int, Any]:
    body = answer.json()
    body.pop("request_id", None)
    return answer.status_code, body
