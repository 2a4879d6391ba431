"""The peers on the same uvicorn as ours, set up in the same way."""

from __future__ import annotations

from typing import Any, Literal

import uvicorn


def serve(app: Any, port: int, lifespan: Literal["auto", "off"]) -> None:
    uvicorn.run(
        app,
        port=port,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        backlog=2048,
    )
