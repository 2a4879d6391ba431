"""The least an ASGI application can do: the same bytes for every request, on the same uvicorn as ours.

python -m benchmarks.peers.constant PORT FILE
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.peers.serving import serve


def constant(body: bytes) -> Any:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def main() -> None:
    port, file = sys.argv[1:]
    serve(constant(Path(file).read_bytes()), int(port), lifespan="off")


if __name__ == "__main__":
    main()
