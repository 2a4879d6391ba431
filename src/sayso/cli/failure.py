"""Failures: one clear line on stderr, or JSON, and the exit code that goes with it."""

from __future__ import annotations

import json
import sys

import click

FAILED, WRONG, FOUND, INTERRUPTED = 1, 2, 3, 130


class Wrong(click.UsageError):
    """A usage error that needs no usage line."""


def failed(error: BaseException, *, as_json: bool) -> int:
    """Tell an error, and give its exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not as_json:
        # Nothing was asked for: the message is the help.
        click.echo(error.format_message(), err=True)
        return WRONG
    exit_code, code, message = _understood(error)
    if as_json:
        click.echo(json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False), err=True)
    elif message:
        if isinstance(error, click.UsageError) and error.ctx is not None and not isinstance(error, Wrong):
            click.echo(error.ctx.get_usage(), err=True)
        click.echo(f"sayso: {message}", err=True)
    return exit_code


def _understood(error: BaseException) -> tuple[int, str, str]:
    """(exit code, code, message)."""
    if isinstance(error, click.UsageError):
        return WRONG, "usage", error.format_message().removesuffix(".")
    if isinstance(error, click.ClickException):
        return FAILED, "failed", error.format_message()
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        return INTERRUPTED, "interrupted", "interrupted"
    return _ours(error)


def _ours(error: BaseException) -> tuple[int, str, str]:
    from sayso.domain import errors
    from sayso.settings import WrongSetting

    if isinstance(error, WrongSetting):
        return WRONG, "wrong_setting", str(error)
    codes = (
        (errors.NotFound, "not_found"),
        (errors.Invalid, "invalid"),
        (errors.UnknownVersion, "invalid"),
        (errors.Conflict, "conflict"),
        (errors.Unavailable, "unavailable"),
        (errors.SaysoError, "failed"),
    )
    for kind, code in codes:
        if isinstance(error, kind):
            return FAILED, code, str(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return FAILED, "failed", f"{where}{error.strerror or type(error).__name__}"
    return FAILED, "unexpected", _unexpected(error)


def _unexpected(error: BaseException) -> str:
    """A fault of ours, without its message: that may hold what nobody else should see."""
    from sayso.logs import places

    there = "; ".join(places(error.__traceback__)[-3:])
    return f"{type(error).__name__}, which should not happen; please report it with this: {there}"


def leave(code: int) -> None:
    """End the command with an exit code, when it has said all there is to say."""
    sys.stdout.flush()
    click.get_current_context().exit(code)
