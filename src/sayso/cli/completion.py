"""`sayso completion`: what a shell needs to complete our words."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from sayso.cli.failure import Wrong


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON; failures too, on stderr.")
@click.pass_context
def command(ctx: click.Context, shell: str, as_json: bool) -> None:
    """Print the script that completes sayso's commands and options.

    bash and zsh: add `eval "$(sayso completion SHELL)"` to the start-up file; fish: put the output into
    ~/.config/fish/completions/sayso.fish.
    """
    from sayso.cli import output

    kind = get_completion_class(shell)
    if kind is None:
        raise Wrong(f"there is no completion for {shell}")
    # The base class' way: bash's own would first run a bash, to look at its version.
    script = ShellComplete.source(kind(ctx.find_root().command, {}, "sayso", "_SAYSO_COMPLETE"))
    if as_json:
        output.show_json({"shell": shell, "script": script})
    else:
        click.echo(script)
