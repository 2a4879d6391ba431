"""Logs: structured lines on stderr that hold no address, no token, and nothing that people told us.

An error is logged as its type and the places it went through, never with its message: messages hold values.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, TextIO

import structlog

from sayso.asgi import Respond
from sayso.http.request import Request
from sayso.http.response import Response

#: How many places of an error are told, the innermost ones.
PLACES = 12

#: Loggers whose messages hold the values that a callback was called with.
_TALKATIVE = {"asyncio": "the event loop met an error"}

_UNMATCHED = "unmatched"


def configure(form: str, stream: TextIO | None = None) -> None:
    """Send every log line, the libraries' too, to `stream` (stderr) as `console`, `json`, or `auto`."""
    stream = stream or sys.stderr
    console = form == "console" or (form == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_values,
    ]
    last = structlog.dev.ConsoleRenderer(colors=console and stream.isatty() and not os.environ.get("NO_COLOR"))
    rendered = last if console else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, rendered],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Handler()], level=logging.WARNING, force=True)


def of_requests(respond: Respond) -> Respond:
    """A surface that logs a line for each request: its route's pattern, never its path, which holds ids."""
    log = structlog.get_logger()

    async def logged(request: Request) -> tuple[str, Response]:
        started = perf_counter()
        route, response = await respond(request)
        log.info(
            "request",
            method=request.method,
            route=route or _UNMATCHED,
            status=response.status,
            ms=round((perf_counter() - started) * 1000, 3),
            request_id=_request_id(response),
        )
        return route, response

    return logged


def places(trace: TracebackType | None) -> list[str]:
    """Where an error went through, innermost last: file, line, function, and no value."""
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-PLACES:]


class _Handler(logging.Handler):
    """Passes the standard library's records on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        told = _TALKATIVE.get(record.name) or _told(record)
        log.log(record.levelno, told, logger=record.name, exc_info=record.exc_info or None)


def _told(record: logging.LogRecord) -> str:
    """A record's message with its numbers, and the types of all else it was given."""
    template = str(record.msg).strip()
    try:
        if isinstance(record.args, Mapping):
            return template % {name: _safe(value) for name, value in record.args.items()}
        return template % tuple(_safe(value) for value in record.args) if record.args else template
    except (TypeError, ValueError, KeyError):
        return template


def _safe(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else f"<{type(value).__name__}>"


def _without_values(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["places"] = places(error.__traceback__)
    return event


def _request_id(response: Response) -> str:
    return next((value.decode() for name, value in response.headers if name == b"x-request-id"), "")
