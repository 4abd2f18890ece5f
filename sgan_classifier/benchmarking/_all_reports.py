"""Every report anew from its record: what says otherwise is old, or was edited."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._ablation import ablation_report
from ._active_report import active_report
from ._augmentation import augmentation_report
from ._cross_validation_report import cross_validation_report
from ._mnist_report import mnist_report
from ._report import label_efficiency_report
from ._robustness_report import robustness_report
from ._scan_report import scan_report
from ._soak_report import soak_report
from ._study import study_report

# by how the names of their records begin; the second kind shows a figure beside it
PLAIN: dict[str, Callable[[dict[str, Any]], str]] = {
    "ablation": ablation_report,
    "augmentation": augmentation_report,
    "cross_validation": cross_validation_report,
    "mnist": mnist_report,
    "robustness": robustness_report,
    "soak": soak_report,
    "study": study_report,
}
ILLUSTRATED: dict[str, Callable[[dict[str, Any], str], str]] = {
    "active": active_report,
    "label_efficiency": label_efficiency_report,
    "scan": scan_report,
}


def render_reports(folder: Path) -> dict[Path, str]:
    """Return the reports of all records in a folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict of Path to str
        The text of each Markdown file.
    """
    return {path.with_suffix(".md"): _report(path) for path in sorted(folder.glob("*.json"))}


def _report(path: Path) -> str:
    record = json.loads(path.read_text(encoding="utf-8"))
    for kind, plain in PLAIN.items():
        if path.stem.startswith(kind):
            return plain(record)
    for kind, illustrated in ILLUSTRATED.items():
        if path.stem.startswith(kind):
            return illustrated(record, f"{path.stem}.png")
    from .speed import speed_report  # asks the processor what it can do

    return speed_report(record)
