"""`sgan-classifier demo`."""

from pathlib import Path
from typing import Annotated

import typer

from ._common import say

N_DRAWS, N_STEPS = 3, 500


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
    from .._demo import run_demo

    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"{out} is a file. Pass a folder as --out.")
    say("Digits of scikit-learn: 1297 images to learn from, 500 to test on.")
    say(f"SGAN, CNN and LabelSpreading see the same {draws} draws of labels.\n")
    result = run_demo(out, seed=seed, n_draws=draws, max_iter=steps)
    say("\nTest accuracy, mean of the draws ± its 95 % interval; * marks the best mean:\n")
    say(result.table)
    say()
    for sentence in result.sentences:
        say(f"- {sentence}")
    say("\nPictures:")
    for title, path in result.files.items():
        say(f"  {path.resolve()}  {title}")
