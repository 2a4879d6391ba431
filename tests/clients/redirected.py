"""Run a program that calls Intercom's own host against $SAYSO_URL instead: `python redirected.py MODULE:FUNCTION ARGUMENT...`.

The program itself stays as it was published. Whatever else it calls is refused, so that nothing leaves the machine.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import requests

INTERCOM = "https://api.intercom.io"

_send = requests.Session.send


def _redirect(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
    url = request.url or ""
    if url.startswith(INTERCOM):
        request.url = os.environ["SAYSO_URL"] + url.removeprefix(INTERCOM)
    elif not url.startswith(os.environ["SAYSO_URL"]):
        raise requests.ConnectionError(f"{url} is neither Intercom nor Sayso")
    return _send(session, request, **options)


if __name__ == "__main__":
    requests.Session.send = _redirect  # type: ignore[method-assign]
    del sys.argv[0]
    module, _, function = sys.argv[0].partition(":")
    getattr(import_module(module), function)()
