"""What `sgan-classifier demo` does: three methods on the digits that ship with scikit-learn."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sklearn.base import BaseEstimator

from ._threads import limit_threads
from .benchmarking._compare import compare
from .benchmarking._contenders import CNN, SGAN, SPREADING, make_contenders
from .benchmarking._data import BenchmarkData, load_benchmark_data
from .benchmarking._label_efficiency import draw_accuracies
from .benchmarking._report import comparison_sentences
from .benchmarking._statistics import best_of, mean_scores
from .model_selection import LabelEfficiencyCurve, mask_labels
from .plotting import SamplesDisplay, TrainingCurveDisplay
from .plotting._style import check_matplotlib

N_LABELS = (10, 20, 50, 100)
# Smaller and shorter than the defaults, for the clock; the same for both networks.
NETWORK = {"width": 16}
PICTURED_LABELS = 20
# By default the generator is there for the classifier, and its images are poor. For the pictures,
# one more SGAN lets the generator aim at images that pass for real, with more weight and time.
PICTURED = {"adversarial_weight": 1.0, "generator_loss": "non_saturating"}
PICTURED_LONGER = 2
N_SAMPLES = 40


class DemoResult(NamedTuple):
    """What the demo found.

    Attributes
    ----------
    curve : LabelEfficiencyCurve
    table : str
        Test accuracies, to be printed.
    sentences : list of str
        Who wins, for each number of labels.
    files : dict of str to Path
        What each picture shows, and where it is.
    """

    curve: LabelEfficiencyCurve
    table: str
    sentences: list[str]
    files: dict[str, Path]


def run_demo(
    out: Path,
    *,
    n_draws: int,
    max_iter: int,
    seed: int = 0,
    n_labels: Sequence[int] = N_LABELS,
    verbose: int = 1,
) -> DemoResult:
    """Compare SGAN, CNN and LabelSpreading on few labels, and draw the figures.

    Parameters
    ----------
    out : Path
        Folder of the figures; made if it is not there.
    n_draws : int
    max_iter : int
        Steps of each network.
    seed : int, default=0
        Of the first draw of labels.
    n_labels : sequence of int, default=(10, 20, 50, 100)
    verbose : int, default=1
        0 shows no progress bars.

    Returns
    -------
    DemoResult
    """
    check_matplotlib()  # now, and not after the training
    data = load_benchmark_data("digits")
    everyone = make_contenders(data, max_iter=max_iter)
    methods = {name: everyone[name] for name in (SGAN, CNN, SPREADING)}
    for name in (SGAN, CNN):
        methods[name].set_params(**NETWORK)
    curve = compare(
        methods,
        data,
        n_labels,
        n_draws,
        memory=None,
        n_jobs=min(2, os.cpu_count() or 1),
        random_state=seed,
        verbose=verbose,
    )
    sgan = methods[SGAN].set_params(
        **PICTURED, max_iter=PICTURED_LONGER * max_iter, verbose=verbose, random_state=seed
    )
    n_pictured = min(n_labels, key=lambda n: abs(n - PICTURED_LABELS))
    with limit_threads(1):  # as the fits before; images as small as these gain nothing from more
        sgan.fit(data.X_train, mask_labels(data.y_train, n_pictured, random_state=seed))
    files = _draw(out, curve, data, sgan, n_pictured)
    return DemoResult(curve, _table(curve), _sentences(curve), files)


def _table(curve: LabelEfficiencyCurve) -> str:
    means = mean_scores(curve)
    lines = [["labels", *means]]
    for i, n_labels in enumerate(curve.n_labels):
        column = [scores[i] for scores in means.values()]
        cells = [f"{mean} {'*' if mean.value == best_of(column) else ' '}" for mean in column]
        lines.append([str(n_labels), *cells])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "   ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _sentences(curve: LabelEfficiencyCurve) -> list[str]:
    means = curve.mean()
    best = [max(means, key=lambda name: means[name][i]) for i in range(len(curve.n_labels))]
    return [
        f"{sentence} Best mean: {name}."
        for sentence, name in zip(comparison_sentences(curve), best, strict=True)
    ]


def _draw(
    out: Path,
    curve: LabelEfficiencyCurve,
    data: BenchmarkData,
    sgan: BaseEstimator,
    n_pictured: int,
) -> dict[str, Path]:
    from matplotlib.figure import Figure

    accuracy = Figure(figsize=(6.0, 4.2), layout="constrained")
    draw_accuracies(curve, accuracy, "Digits: accuracy against number of labels")

    samples = Figure(figsize=(9.0, 2.6), layout="constrained")
    real, generated = samples.subplots(1, 2)
    SamplesDisplay(data.X_train[:N_SAMPLES]).plot(real).ax_.set_title("Real")
    grey = (data.X_train.min(), data.X_train.max())
    SamplesDisplay.from_estimator(sgan, n_samples=N_SAMPLES, ax=generated, value_range=grey)
    generated.set_title(f"Generated (adversarial_weight={sgan.adversarial_weight:g})")

    training = Figure(figsize=(6.0, 5.5), layout="constrained")
    TrainingCurveDisplay.from_estimator(sgan, figure=training)
    training.suptitle(
        f"Training with {n_pictured} labels (adversarial_weight={sgan.adversarial_weight:g})"
    )

    out.mkdir(parents=True, exist_ok=True)
    files = {}
    for title, name, figure in (
        ("accuracy against number of labels", "accuracy.png", accuracy),
        ("real and generated digits", "samples.png", samples),
        ("training curves", "training.png", training),
    ):
        files[title] = out / name
        figure.savefig(files[title], dpi=150)
    return files
