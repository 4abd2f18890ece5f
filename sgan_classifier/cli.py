"""The command `sgan-classifier`."""

import re
import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from . import __version__
from .commands import COMMANDS
from .commands._common import FAILED, INTERRUPTED

PROGRAM = "sgan-classifier"


class _Group(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except EOFError as error:  # typer would say no more than "Aborted!"
            raise RuntimeError(f"A file ends too early ({error}).") from error


app = typer.Typer(
    name=PROGRAM,
    cls=_Group,
    help="Learn an image classifier from a few labels and many unlabelled images.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Learn an image classifier from a few labels and many unlabelled images."""


for command in COMMANDS:
    app.command()(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the process.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _Shown()
        try:
            status = app(arguments, prog_name=PROGRAM, standalone_mode=True)
        except KeyboardInterrupt:
            typer.echo("\nStopped.", err=True)
            status = INTERRUPTED
        except Exception as error:  # whatever it is: users of a command want a sentence, no trace
            typer.echo(f"Error: {error or type(error).__name__}", err=True)
            status = FAILED
    sys.exit(status)


class _Shown:
    """Shows warnings as sentences, one that differs in its figures alone not again."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, message: Warning | str, *details: Any, **more: Any) -> None:
        words = re.sub(r"\d[\d.e+-]*", "", str(message))  # each batch of files has a largest value
        if words not in self._seen:
            self._seen.add(words)
            typer.echo(f"Warning: {message}", err=True)
