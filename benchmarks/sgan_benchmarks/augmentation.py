"""Which views of the training images suit a kind of data, on training rows held out."""

import time
from collections.abc import Sequence
from typing import Any

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier._options import parse_augment
from sgan_classifier.benchmarking._compare import cache_folder, compare
from sgan_classifier.benchmarking._data import BenchmarkData
from sgan_classifier.benchmarking._held_out import held_out_splits
from sgan_classifier.benchmarking._record import (
    Run,
    describe_estimator,
    describe_run,
    write_results,
)
from sgan_classifier.benchmarking._run_summary import run_summary
from sgan_classifier.benchmarking._statistics import (
    best_of,
    columns,
    emphasised,
    markdown_table,
    mean_differences,
    mean_scores,
)
from sgan_classifier.model_selection import LabelEfficiencyCurve


def run_augmentation(
    data: BenchmarkData,
    views: Sequence[str],
    n_labels: Sequence[int],
    n_draws: int,
    run: Run,
    *,
    steps: int | None = None,
    on_test_rows: bool = False,
) -> dict[str, Any]:
    """Compare sets of augmentations, for both estimators; write record and report.

    The test rows of `data` are not looked at: a part of the training rows takes their place, for
    each draw another third of the groups where they are known. To see how far a choice goes that
    was made so, and not to choose, there is `on_test_rows`.

    Parameters
    ----------
    data : BenchmarkData
    views : sequence of str
        Values of `augment` as the command line takes them, such as "shift,flip". The others are
        compared with the first.
    n_labels : sequence of int
    n_draws : int
    run : Run
        Its `out` is the folder of `augmentation_<data>.json` and `.md`; `on_test_rows` adds
        "_test_rows" to the names.
    steps : int, optional
        Steps of every fit; by default those of the data.
    on_test_rows : bool, default=False
        Train on all training rows, and test on the test rows.

    Returns
    -------
    dict
        The record, as written.

    Raises
    ------
    InvalidInputError
        If a name of an augmentation is unknown.
    """
    splits = None if on_test_rows else held_out_splits(data)[:n_draws]
    shared = {**data.parameters, "device": run.device}
    if steps is not None:
        shared["max_iter"] = steps
    estimators = {}
    for word in views:
        chosen = {**shared, "augment": parse_augment(word)}
        estimators[_name("SGAN", word)] = SGANClassifier(**chosen)
        estimators[_name("CNN", word)] = CNNClassifier(network="auto", **chosen)
    record = describe_run(
        data,
        run,
        n_labels=list(n_labels),
        n_draws=n_draws,
        views=list(views),
        steps=steps,
        n_held_out=[len(held_out) for _, held_out in splits or ()],
        in_groups=data.groups is not None,
    )
    record["estimators"] = {name: describe_estimator(est) for name, est in estimators.items()}
    started = time.perf_counter()
    curve = compare(
        estimators,
        data,
        n_labels,
        n_draws,
        memory=cache_folder(run.out, record),
        splits=splits,
        **run.of_fits,
    )
    record["seconds"] = time.perf_counter() - started
    record["curve"] = curve.to_dict()
    stem = f"augmentation_{data.name}{'_test_rows' if on_test_rows else ''}"
    write_results(record, augmentation_report, run.out / stem)
    return record


def augmentation_report(record: dict[str, Any]) -> str:
    """Write the report from its record alone."""
    curve = LabelEfficiencyCurve.from_dict(record["curve"])
    views = record["settings"]["views"]
    n_held_out = record["settings"]["n_held_out"]
    steps = record["estimators"][_name("SGAN", views[0])]["parameters"]["max_iter"]
    title = f"# Views of the training images: {record['data']['name']}"
    if not n_held_out:
        title += ", on the test rows"
    parts = [
        title,
        run_summary(record, "which are not looked at" if n_held_out else "to choose nothing by"),
        _tested_sentence(n_held_out, record["settings"]["in_groups"], len(curve.seeds)),
        f"Every fit takes {steps} steps and differs from the others in nothing but `augment`; all "
        "see the same draws of labels.",
    ]
    for kind, of_what in (("SGAN", "SGAN"), ("CNN", "CNN: the same network on the labels alone")):
        parts += [
            f"## Accuracy of the {of_what}",
            "Mean over the draws and its 95 % interval; the best in bold.",
            _accuracy_table(curve, kind, views),
        ]
    parts += [
        f"## Against `{views[0]}`",
        "Points of accuracy of the SGAN, paired by draw, with 95 % intervals.",
        _difference_table(
            curve, {word: (_name("SGAN", word), _name("SGAN", views[0])) for word in views[1:]}
        ),
        "## SGAN minus CNN",
        "With the same views, paired by draw, with 95 % intervals.",
        _difference_table(
            curve, {word: (_name("SGAN", word), _name("CNN", word)) for word in views}
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _tested_sentence(n_held_out: Sequence[int], in_groups: bool, n_draws: int) -> str:
    if not n_held_out:
        return (
            "Accuracy is that on the test rows, to see how far a choice goes that was made on "
            "training rows held out."
        )
    what = "rows of whole groups" if in_groups else "rows"
    if len(n_held_out) == 1:
        return f"Accuracy is that on {n_held_out[0]} training {what} held out, to choose by."
    listed = ", ".join(map(str, n_held_out[:-1])) + f" or {n_held_out[-1]}"
    sentence = (
        f"Accuracy is that on training {what} held out, to choose by. The draws hold {listed} "
        f"rows out in turn, {len(n_held_out)} parts without a row in common."
    )
    if n_draws > len(n_held_out):
        sentence += " Draws on one part are alike: the intervals, of all draws, are too narrow."
    return sentence


def _name(kind: str, word: str) -> str:
    return f"{kind}, {word}"


def _accuracy_table(curve: LabelEfficiencyCurve, kind: str, views: Sequence[str]) -> str:
    means = mean_scores(curve)
    rows_of_means = {word: means[_name(kind, word)] for word in views}
    best = [best_of(list(column)) for column in zip(*rows_of_means.values(), strict=True)]
    rows = [
        [f"`{word}`", *map(emphasised, of_word, best)] for word, of_word in rows_of_means.items()
    ]
    return markdown_table(["views", *columns(curve)], rows)


def _difference_table(curve: LabelEfficiencyCurve, pairs: dict[str, tuple[str, str]]) -> str:
    rows = [
        [f"`{word}`", *(difference.in_points() for difference in mean_differences(curve, *pair))]
        for word, pair in pairs.items()
    ]
    return markdown_table(["views", *columns(curve)], rows)
