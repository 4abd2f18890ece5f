"""The Markdown report of the soak, written from its JSON record alone."""

from typing import Any

from sgan_classifier.benchmarking._statistics import markdown_table

from .long_run import medians


def soak_report(record: dict[str, Any]) -> str:
    """Write the report from its record alone."""
    tally, settings, machine = record["soak"], record["settings"], record["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    faults, lost = sum(tally["faults"].values()), tally["lost"]
    parts = [
        "# Kills, and many fits in one process",
        f"**Faults injected: {faults}. Work lost: {len(lost) or 'none'}.**",
        "\n".join(
            [
                f"- Command: `{record['command']}`",
                f"- {record['date']}, {tally['seconds'] / 60:.0f} minutes of rounds, seed "
                f"{settings['seed']} (when a signal reaches a process also hangs on the machine).",
                f"- {machine['system']}, {machine['n_cpus']} processors, {machine['device_name']}; "
                "networks on the CPU, fp32, one thread.",
                f"- {versions}",
            ]
        ),
        "## What was struck",
        "A round is a job in processes of its own: a fit with checkpoints, a grid search over such "
        "fits with `SemiSupervisedKFold`, or saving two models to one path in turn. It is struck "
        "up to three times, started again after each, and left alone at last. A signal comes from "
        "outside at any time, or from inside as a checkpoint or a model is being written.",
        markdown_table(["job", "rounds"], _rows(tally["rounds"])),
        markdown_table(["fault", "times"], _rows(tally["faults"])),
        f"{tally['missed']} more came when the job had ended.",
        "## What was found after it",
        markdown_table(
            ["found as promised, unless it is listed below", "times"], _rows(tally["checks"])
        ),
        _steps(tally),
        _losses(lost),
        "## Many fits in one process",
        *_long_run(record["long_run"]),
    ]
    return "\n\n".join(parts) + "\n"


def _rows(counts: dict[str, int]) -> list[list[str]]:
    return [[name, str(count)] for name, count in sorted(counts.items())]


def _steps(tally: dict[str, Any]) -> str:
    return (
        f"Of {tally['steps_done']} training steps, {tally['steps_repeated']} were done again. A "
        f"fit that was struck went on at most {tally['most_repeated']} steps behind; a checkpoint "
        f"was written every {tally['every']}. (A fit that had ended and was struck before its "
        f"model was saved starts anew.) {tally['temporary_files']} temporary files were seen after "
        "faults; the next fit or, from an hour on, the next save to that path deletes them, for "
        "which the soak sets their clocks back."
    )


def _losses(lost: list[dict[str, Any]]) -> str:
    if not lost:
        return "Nothing was lost, and nothing was left behind."
    lines = [
        f"- {entry['round']}, {entry['job']} ({entry['variant']})"
        + (f", {entry['signal']} {entry['moment']}" if "signal" in entry else "")
        + f": {entry['what']}"
        for entry in lost
    ]
    return "\n".join(["**Work was lost or files were left:**", "", *lines])


def _long_run(run: dict[str, Any] | None) -> list[str]:
    if run is None:
        return ["Not measured."]
    rows = [
        [name, f"{first:.1f}", f"{last:.1f}", f"{last - first:+.1f}"]
        for name, figures in (
            ("private memory in MiB", run["private_mib"]),
            ("open files", run["open_files"]),
        )
        for first, last in [medians(figures)]
    ]
    return [
        f"{run['n_fits']} fits after {run['n_warm_up']} that are not counted, each with "
        "checkpoints and of another kind than the one before, then predicting, saved and loaded. "
        "Medians of the first and of the last quarter:",
        markdown_table(["", "first quarter", "last quarter", "difference"], rows),
    ]
