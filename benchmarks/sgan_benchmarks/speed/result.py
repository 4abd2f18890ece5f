"""What a section leaves: targets with their figures, tables and sentences, ready for JSON."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Target:
    """One demand on a figure.

    Attributes
    ----------
    what : str
    bound : float
    sense : {"at most", "at least"}
    figure : float or None
        Infinite where it was never reached, None where it could not be measured.
    unit : str
    """

    what: str
    bound: float
    sense: str
    figure: float | None
    unit: str = ""

    @property
    def verdict(self) -> str:
        """Say "met", "not met" or "not measured"."""
        if self.figure is None:
            return NOT_MEASURED
        is_met = self.figure <= self.bound if self.sense == "at most" else self.figure >= self.bound
        return "met" if is_met else "not met"


@dataclass
class Section:
    """What one section measured.

    Attributes
    ----------
    title : str
    targets : list of Target
    tables : list of dict
        Each with "title", "header" (list of str) and "rows" (lists of str).
    notes : list of str
        Sentences, with their figures.
    figures : dict
        All that was measured, as it was measured.
    """

    title: str
    targets: list[Target] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def add_table(self, title: str, header: list[str], rows: list[list[str]]) -> None:
        """Add a table; the first column is its rows' names."""
        self.tables.append({"title": title, "header": header, "rows": rows})

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold, the verdicts among it."""
        plain = asdict(self)
        for target, entry in zip(self.targets, plain["targets"], strict=True):
            entry["verdict"] = target.verdict
            if target.figure == math.inf:  # which JSON does not have
                entry["figure"] = None
        return plain


def milliseconds(seconds: float) -> str:
    """Write a time in milliseconds, with three digits that count."""
    return f"{1e3 * seconds:.3g}" if seconds < 1.0 else f"{1e3 * seconds:.0f}"
