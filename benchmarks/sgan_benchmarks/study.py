"""Redo the findings of the 2021 lunar crater study, in one report."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sgan_classifier._fingerprint import code_hash
from sgan_classifier.benchmarking._compare import cache_folder, compare
from sgan_classifier.benchmarking._data import BenchmarkData
from sgan_classifier.benchmarking._record import (
    Run,
    date,
    describe_estimator,
    describe_run,
    write_results,
)
from sgan_classifier.benchmarking._run_summary import data_summary, section_summary
from sgan_classifier.benchmarking._statistics import (
    best_of,
    columns,
    emphasised,
    markdown_table,
    mean_differences,
    mean_scores,
)
from sgan_classifier.model_selection import LabelEfficiencyCurve

from .stored import HERE
from .study_sections import SECTION_KEYS, Section, make_sections


def run_study(
    data: BenchmarkData,
    n_draws: int,
    run: Run,
    *,
    sections: Sequence[str] | None = None,
    n_labels: Sequence[int | str] | None = None,
    budget: float = 1.0,
) -> dict[str, Any]:
    """Run the sections, and write record and report after each.

    Other sections of the report stay in it: each has a budget, a date and a machine of its own.

    Parameters
    ----------
    data : BenchmarkData
    n_draws : int
    run : Run
        Its `out` is the folder of `study_<data>.json` and `.md`.
    sections : sequence of str, optional
        Keys of the sections to run; by default all.
    n_labels : sequence of int or "all", optional
        Numbers of labels instead of each section's own.
    budget : float, default=1.0
        Multiplies every number of steps and epochs.

    Returns
    -------
    dict
        The record, as written.
    """
    chosen = _choose(make_sections(data, budget=budget, device=run.device), sections)
    if n_labels is not None:
        chosen = [replace(section, n_labels=tuple(n_labels)) for section in chosen]
    head = describe_run(data, run, n_draws=n_draws)
    path = run.out / f"study_{data.name}.json"
    described = head.pop("data")
    del described["parameters"]  # sections say which of them each estimator has
    record = {"data": described, "sections": _earlier_sections(path, described)}
    for i, section in enumerate(chosen, start=1):
        if run.verbose:
            tqdm.write(f"Section {i} of {len(chosen)}: {section.title}")
        started = time.perf_counter()
        curve = compare(
            section.estimators,
            data,
            section.n_labels,
            n_draws,
            memory=cache_folder(run.out, head) / code_hash(HERE),  # which has networks of its own
            **run.of_fits,
        )
        record["sections"][section.key] = {
            **_section_record(section, curve),
            **head,
            "date": date(),
            "budget": budget,
            "seconds": time.perf_counter() - started,
        }
        in_order = [key for key in SECTION_KEYS if key in record["sections"]]
        record["sections"] = {key: record["sections"][key] for key in in_order}
        write_results(record, study_report, path.with_suffix(""))
    return record


def study_report(record: dict[str, Any]) -> str:
    """Write the report from a record, as `run_study` returns it or read back from JSON."""
    parts = [f"# The study's findings, redone: {record['data']['name']}", data_summary(record)]
    for section in record["sections"].values():
        curve = LabelEfficiencyCurve.from_dict(section["curve"])
        parts += [
            f"## {section['title']}",
            section["finding"],
            section_summary(section),
            *_budget_note(section),
            f'"{section["baseline"]}" is `{section["estimators"][section["baseline"]]["text"]}`.',
            "Test accuracy, mean over the draws and its 95 % interval:",
            _accuracy_table(curve),
            "Accuracy on the labelled rows it was trained on, and seconds a fit:",
            _training_table(curve),
            "\n".join(f"- {line}" for line in _sentences(curve, section["baseline"])),
        ]
    return "\n\n".join(parts) + "\n"


def _budget_note(section: dict[str, Any]) -> list[str]:
    if section["budget"] == 1.0:
        return []
    return [
        f"**A shorter look:** every number of steps and epochs was multiplied by "
        f"{section['budget']:g}, whatever the names say."
    ]


def _earlier_sections(path: Path, data: dict[str, Any]) -> dict[str, Any]:
    """Return the sections of an earlier report on the same data."""
    if not path.exists():
        return {}
    earlier = json.loads(path.read_text(encoding="utf-8"))
    return earlier["sections"] if earlier["data"] == data else {}


def _choose(sections: dict[str, Section], keys: Sequence[str] | None) -> list[Section]:
    if keys is None:
        return list(sections.values())
    unknown = [key for key in keys if key not in sections]
    if unknown:
        raise ValueError(f"Unknown section {unknown[0]!r}; the sections are {', '.join(sections)}.")
    return [sections[key] for key in keys]


def _section_record(section: Section, curve: LabelEfficiencyCurve) -> dict[str, Any]:
    return {
        "title": section.title,
        "finding": section.finding,
        "baseline": section.baseline,
        "estimators": {name: describe_estimator(est) for name, est in section.estimators.items()},
        "curve": curve.to_dict(),
    }


def _accuracy_table(curve: LabelEfficiencyCurve) -> str:
    means = mean_scores(curve)
    best = [best_of(list(column)) for column in zip(*means.values(), strict=True)]
    rows = [[name, *map(emphasised, row, best)] for name, row in means.items()]
    return markdown_table(["setting", *columns(curve)], rows)


def _training_table(curve: LabelEfficiencyCurve) -> str:
    rows = []
    for name, scores in curve.train_scores.items():
        seconds = curve.fit_times[name]
        cells = [
            f"{score.mean():.3f} ({second.mean():.1f} s)"
            for score, second in zip(scores, seconds, strict=True)
        ]
        rows.append([name, *cells])
    return markdown_table(["setting", *columns(curve)], rows)


def _sentences(curve: LabelEfficiencyCurve, baseline: str) -> list[str]:
    """Name, for each number of labels, what differs from the baseline beyond its interval."""
    differences = {
        name: mean_differences(curve, name, baseline)
        for name in curve.test_scores
        if name != baseline
    }
    lines = []
    for i, n_labels in enumerate(curve.n_labels):
        at_n = {name: row[i] for name, row in differences.items()}
        better = [f"{name} {diff.in_points()}" for name, diff in at_n.items() if diff.low > 0]
        worse = [f"{name} {diff.in_points()}" for name, diff in at_n.items() if diff.high < 0]
        parts = [f"better: {', '.join(better)}"] if better else []
        parts += [f"worse: {', '.join(worse)}"] if worse else []
        verdict = "; ".join(parts) or "nothing differs beyond the spread of the draws"
        lines.append(f'{n_labels} labels, against "{baseline}", draw by draw: {verdict}.')
    return lines
