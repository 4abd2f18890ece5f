"""The Markdown report of the label-efficiency benchmark, written from its JSON record alone."""

import math
from typing import Any
from urllib.parse import quote

from .. import recipes
from ..model_selection import LabelEfficiencyCurve
from ._contenders import CNN, CNN_OWN, SGAN, SGAN_2021
from ._goals import goals_table, losses_sentence
from ._paired_cnn import PAIRED, has_pair, pair
from ._run_summary import kind_of_rows, run_summary
from ._statistics import (
    Mean,
    best_of,
    emphasised,
    markdown_table,
    mean_differences,
    mean_scores,
)

# Accuracies that the 2021 lunar crater study published, by number of labels, on data of its own.
STUDY_SGAN = {10: 0.799, 20: 0.871, 50: 0.905, 100: 0.917, 1000: 0.945}
STUDY_CNN = {1000: 0.899}
STUDY_COLUMNS = {"the study's SGAN": STUDY_SGAN, "the study's CNN": STUDY_CNN}
STUDY_DATA = "lunar_nac"


def label_efficiency_report(record: dict[str, Any], figure: str) -> str:
    """Write the report from its record alone; `figure` is a path relative to it."""
    curve = LabelEfficiencyCurve.from_dict(record["curve"])
    name, score = record["data"]["name"], curve.scoring.replace("_", " ")
    parts = [
        f"# {score.capitalize()} against number of labels: {name}",
        run_summary(record),
        f"![Test {score} against number of labels]({quote(figure)})",
        f"## Test {score}",
        "Mean over the draws and its 95 % interval. Every method sees the same draws.",
        accuracy_table(record),
        *recipe_note(record),
        *_study_sentences(curve, name),
        *_pair_section(record, curve),
        *_goals_section(record, curve),
        f"## {score.capitalize()} on the labelled rows it was trained on",
        _table(curve, curve.train_scores),
        "## Seconds a fit",
        "Mean over the draws, and the longest.",
        _seconds_table(curve),
        "## Settings",
        "What differs from the defaults; the JSON record holds all parameters.",
        "\n".join(
            f"- {method}: `{described['text']}`"
            for method, described in record["estimators"].items()
        ),
    ]
    return "\n\n".join(parts) + "\n"


def accuracy_table(record: dict[str, Any]) -> str:
    """Return the Markdown table of test scores, the study's figures beside ours."""
    curve = LabelEfficiencyCurve.from_dict(record["curve"])
    study = STUDY_COLUMNS if record["data"]["name"] == STUDY_DATA else {}
    means = mean_scores(curve)
    rows = []
    for i, n_labels in enumerate(curve.n_labels):
        column = [scores[i] for scores in means.values()]
        cells = [emphasised(mean, best_of(column)) for mean in column]
        published = [_cell(figures.get(int(n_labels))) for figures in study.values()]
        rows.append([str(n_labels), *cells, *published])
    return markdown_table(["labels", *means, *study], rows)


def recipe_note(record: dict[str, Any]) -> list[str]:
    """Say so where the study's recipe got less training than the recipe asks for."""
    own = recipes.CRATERS_2021["max_iter"]
    described = record["estimators"].get(SGAN_2021)
    if described is None or described["parameters"]["max_iter"] >= own:
        return []
    return [
        f"`{SGAN_2021}` took {_steps(record, SGAN_2021)} here, as the others did; the recipe asks "
        f"for {own:,}, so this is less than it can do."
    ]


def comparison_sentences(curve: LabelEfficiencyCurve) -> list[str]:
    """Say for each number of labels whether the SGAN beats the same network without it."""
    if not has_pair(curve):
        return []
    differences = mean_differences(pair(curve)[0], SGAN, PAIRED)
    return [
        f"{n_labels} labels: {_verdict(difference)}, {difference.in_points()}."
        for n_labels, difference in zip(curve.n_labels, differences, strict=True)
    ]


def _verdict(difference: Mean) -> str:
    if math.isnan(difference.low):
        return "from one draw, nothing can be said about which is better"
    if difference.low > 0:
        return "the SGAN beats the CNN"
    if difference.high < 0:
        return "the SGAN does not beat the CNN; it is worse"
    if difference.value > 0:
        return (
            "the SGAN does not clearly beat the CNN: its mean is above, but the interval includes "
            "no difference"
        )
    return "the SGAN does not beat the CNN"


def _pair_section(record: dict[str, Any], curve: LabelEfficiencyCurve) -> list[str]:
    if not has_pair(curve):
        return []
    paragraph = (
        f"`{SGAN}` ({_steps(record, SGAN)}) against the same network, with the same views of "
        f"labelled rows, without the unlabelled {kind_of_rows(record)} and without a generator. "
    )
    chosen = record.get("cnn_budgets")
    if chosen is None:
        paragraph += f"The CNN takes {_steps(record, CNN)}. "
    else:
        seeds = chosen["curve"]["seeds"]
        paragraph += (
            f"The paired CNN is, for each number of labels, the better one on average of the CNN "
            f"with {_steps(record, CNN)} and the CNN with its own best number of steps. That was "
            f"chosen from {', '.join(map(str, chosen['budgets']))} on {chosen['held_out']}, and "
            f"on draws that are not reported (seeds {seeds[0]} to {seeds[-1]}). "
        )
        if record["data"].get("resplits"):
            paragraph += (
                "Some of the rows that it was chosen on are test rows in other draws, which can "
                "favour nothing but the CNN. "
            )
    sentences = [*comparison_sentences(curve)]
    sentences += filter(None, [losses_sentence(pair(curve)[0], record["settings"]["n_labels"])])
    paragraph += "Paired by draw, with 95 % intervals."
    if record["data"].get("resplits"):
        paragraph += (
            " The draws share rows, of which each trains on some and tests on others, and so are "
            "more alike than independent ones: the intervals are somewhat too narrow (Nadeau and "
            "Bengio 2003)."
        )
    return [
        f"## What the unlabelled {kind_of_rows(record)} are worth",
        paragraph,
        _difference_table(record, curve),
        "\n".join(f"- {sentence}" for sentence in sentences),
    ]


def _goals_section(record: dict[str, Any], curve: LabelEfficiencyCurve) -> list[str]:
    # records of before 2026-11-29 are all of data that the goals are about
    if not has_pair(curve) or not record["data"].get("is_shared", True):
        return []
    table = goals_table(curve, record["data"]["name"], record["settings"]["n_labels"])
    return [] if table is None else ["## Goals", table]


def _difference_table(record: dict[str, Any], curve: LabelEfficiencyCurve) -> str:
    paired, names = pair(curve)
    is_better = paired.test_scores[SGAN] > paired.test_scores[PAIRED]
    differences = mean_differences(paired, SGAN, PAIRED)
    rows = [
        [str(n_labels), differences[i].in_points(), f"{is_better[i].sum()} of {len(curve.seeds)}"]
        for i, n_labels in enumerate(curve.n_labels)
    ]
    header = ["labels", "SGAN minus CNN", "draws in which the SGAN is better"]
    if CNN_OWN in curve.test_scores:
        header += ["the CNN's own best", "the paired CNN"]
        for row, own, name in zip(rows, record["cnn_budgets"]["chosen"], names, strict=True):
            tried = record["cnn_budgets"]["budgets"]
            edge = " (the longest tried)" if len(tried) > 1 and own == max(tried) else ""
            row += [f"{own} steps{edge}", "own best" if name == CNN_OWN else "equal steps"]
    return markdown_table(header, rows)


def _seconds_table(curve: LabelEfficiencyCurve) -> str:
    rows = [
        [str(n), *(f"{s[i].mean():.1f} ({s[i].max():.1f})" for s in curve.fit_times.values())]
        for i, n in enumerate(curve.n_labels)
    ]
    return markdown_table(["labels", *curve.fit_times], rows)


def _study_sentences(curve: LabelEfficiencyCurve, name: str) -> list[str]:
    if name != STUDY_DATA or SGAN not in curve.test_scores:
        return []
    sentences = [
        "The study's figures were measured on its own images; they set the scale, and are no "
        "comparison of like with like."
    ]
    above: list[str] = []
    not_above: list[str] = []
    for n_labels, scores in zip(curve.n_labels, curve.test_scores[SGAN], strict=True):
        if int(n_labels) in STUDY_SGAN:
            is_above = scores.mean() > STUDY_SGAN[int(n_labels)]
            (above if is_above else not_above).append(str(n_labels))
    if above:
        sentences.append(f"The mean of `{SGAN}` is above them at {', '.join(above)} labels.")
    if not_above:
        sentences.append(f"It is **not** above them at {', '.join(not_above)} labels.")
    return [" ".join(sentences)]


def _cell(accuracy: float | None) -> str:
    return "" if accuracy is None else f"{accuracy:.3f}"


def _table(curve: LabelEfficiencyCurve, values: dict[str, Any]) -> str:
    rows = [
        [str(n_labels), *(f"{rows[i].mean():.3f}" for rows in values.values())]
        for i, n_labels in enumerate(curve.n_labels)
    ]
    return markdown_table(["labels", *values], rows)


def _steps(record: dict[str, Any], method: str) -> str:
    return f"{record['estimators'][method]['parameters']['max_iter']} steps"
