"""Of a server for other people's tests: put back, its clock, its faults. Served with --ephemeral alone."""

from __future__ import annotations

import msgspec

from sayso.api.call import Call, reply
from sayso.api.shapes import twin as shapes
from sayso.http.response import Response
from sayso.service.twin import Twin

_SETTING = msgspec.json.Decoder(shapes.ClockSetting)
_ADVANCE = msgspec.json.Decoder(shapes.ClockAdvance)
_FAULT = msgspec.json.Decoder(shapes.FaultFields)


async def reset(twin: Twin, call: Call) -> Response:
    """Everything as it was when the server began: contents, clock, rate limits, no faults. Tokens stay valid."""
    twin.reset()
    return reply(shapes.Twin(shapes.Clock.of(twin.clock), []))


async def clock(twin: Twin, call: Call) -> Response:
    """What time the server takes it to be."""
    return reply(shapes.Clock.of(twin.clock))


async def set_clock(twin: Twin, call: Call) -> Response:
    """Stand still at a time, until the clock is set again, advanced or released."""
    twin.clock.set(call.body(_SETTING).now)
    return reply(shapes.Clock.of(twin.clock))


async def advance_clock(twin: Twin, call: Call) -> Response:
    """Let time pass at once. A clock that goes goes on from there, one that stands still stands still there."""
    twin.clock.advance(call.body(_ADVANCE).seconds)
    return reply(shapes.Clock.of(twin.clock))


async def release_clock(twin: Twin, call: Call) -> Response:
    """Go with the machine's clock again."""
    twin.clock.release()
    return reply(shapes.Clock.of(twin.clock))


async def faults(twin: Twin, call: Call) -> Response:
    """The faults still to come, in the order in which they were asked for."""
    return _faults(twin)


async def fail(twin: Twin, call: Call) -> Response:
    """Fail the next requests: answer 429, 500 or 503 as the surface would; `slow`, hold the answer back; or `cut` the
    connection without one. The first fault that fits a request is spent on it. Requests below /sayso/test/ and the
    operators' never fail."""
    twin.fail(call.body(_FAULT).asked())
    return _faults(twin)


async def forgive(twin: Twin, call: Call) -> Response:
    """Forget all faults; answers held back are let go."""
    twin.faults.clear()
    return _faults(twin)


def _faults(twin: Twin) -> Response:
    return reply(shapes.FaultList([shapes.Fault.of(fault) for fault in twin.faults.waiting]))
