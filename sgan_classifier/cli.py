"""The command `sgan-classifier`."""

import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__
from ._demo import N_DRAWS, N_STEPS, run_demo

PROGRAM = "sgan-classifier"
FAILED, INTERRUPTED = 1, 130

app = typer.Typer(
    name=PROGRAM,
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


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("sgan-demo"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first draw of labels.")] = 0,
    draws: Annotated[
        int, typer.Option(min=1, help="Draws of labels; more draws, narrower intervals.")
    ] = N_DRAWS,
    steps: Annotated[
        int, typer.Option(min=1, help="Training steps of each network; more take longer.")
    ] = N_STEPS,
) -> None:
    """Compare three methods on handwritten digits with 10 to 100 labels.

    Trains the SGAN, the same network without unlabelled images (CNN), and scikit-learn's
    LabelSpreading on the same few labels of the 8x8 digits that ship with scikit-learn. Shows a
    table of test accuracies, and writes pictures of the accuracy, of generated digits, and of the
    training. Takes a few minutes on two CPU cores, and needs matplotlib.
    """
    _check_folder(out)
    typer.echo("Digits of scikit-learn: 1297 images to learn from, 500 to test on.")
    typer.echo(f"SGAN, CNN and LabelSpreading see the same {draws} draws of labels.\n")
    result = run_demo(out, seed=seed, n_draws=draws, max_iter=steps)
    typer.echo("\nTest accuracy, mean of the draws ± its 95 % interval; * marks the best mean:\n")
    typer.echo(result.table)
    typer.echo()
    for sentence in result.sentences:
        typer.echo(f"- {sentence}")
    typer.echo("\nPictures:")
    for title, path in result.files.items():
        typer.echo(f"  {path.resolve()}  {title}")


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the process.
    """
    warnings.showwarning = _show_warning
    try:
        status = app(arguments, prog_name=PROGRAM, standalone_mode=True)
    except KeyboardInterrupt:
        typer.echo("\nStopped.", err=True)
        status = INTERRUPTED
    except Exception as error:  # whatever it is, users of a command want a sentence, not a trace
        typer.echo(f"Error: {error or type(error).__name__}", err=True)
        status = FAILED
    sys.exit(status)


def _show_warning(message: Warning | str, *details: Any, **more: Any) -> None:
    typer.echo(f"Warning: {message}", err=True)


def _check_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(f"{path} is a file. Pass a folder as --out.")
