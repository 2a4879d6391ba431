"""The command line: one file per command, and nothing heavy imported before a command needs it."""

from __future__ import annotations

import asyncio

import click


@click.group()
def main() -> None:
    pass


@main.command()
@click.option("--demo", is_flag=True)
@click.option("--port", type=int)
@click.option("--host")
@click.option("--data-dir")
def serve(demo, port, host, data_dir):
    import uvloop

    from sayso import server, settings
    from sayso.service import first_start

    known, _ = settings.load({"port": port, "host": host, "data_dir": data_dir})

    async def greet(sayso, address):
        ws, new = await first_start.first_workspace(sayso.region)
        if known.bootstrap_token:
            await first_start.bootstrap_token(sayso.region, ws, known.bootstrap_token)
        if demo:
            token, contact = await first_start.demo(sayso.region, ws)
            print(address, token, contact, flush=True)

    uvloop.run(server.serve(known, greet))
