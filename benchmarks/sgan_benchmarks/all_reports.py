"""Every report, and the tables of the README, anew from the records: what says otherwise is old."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sgan_classifier.benchmarking._report import (
    accuracy_table,
    comparison_sentences,
    label_efficiency_report,
    recipe_note,
)
from sgan_classifier.model_selection import LabelEfficiencyCurve

from .ablation import ablation_report
from .active_report import active_report
from .augmentation import augmentation_report
from .cross_validation_report import cross_validation_report
from .mnist_report import mnist_report
from .robustness_report import robustness_report
from .scan_report import scan_report
from .soak_report import soak_report
from .speed import speed_report
from .study import study_report

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

_RESULTS = re.compile(
    r"(?P<begin><!-- results: (?P<name>\w+) -->).*?(?P<end><!-- end of results -->)", re.DOTALL
)


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
    return speed_report(record)


def update_readme(text: str, reports: Path) -> str:
    """Replace what stands between the table markers of a README.

    A marker ``<!-- results: NAME -->`` is answered by ``label_efficiency_NAME.json``; the table
    ends at ``<!-- end of results -->``.

    Parameters
    ----------
    text : str
        The README.
    reports : Path
        Folder of the records.

    Returns
    -------
    str
        The README with its tables anew.
    """

    def table(match: re.Match) -> str:
        path = reports / f"label_efficiency_{match['name']}.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        curve = LabelEfficiencyCurve.from_dict(record["curve"])
        sentences = "\n".join(f"- {sentence}" for sentence in comparison_sentences(curve))
        notes = recipe_note(record)
        parts = [match["begin"], accuracy_table(record), *notes, sentences, match["end"]]
        return "\n\n".join(parts)

    return _RESULTS.sub(table, text)
