"""What `label_efficiency_curve` returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats


class Difference(NamedTuple):
    """Mean of paired differences with the ends of its interval, each of shape (n_sizes,)."""

    mean: NDArray
    low: NDArray
    high: NDArray


@dataclass(eq=False, repr=False)
class LabelEfficiencyCurve:
    """Scores of several estimators against the number of labels.

    Rows of the arrays are numbers of labels, columns are draws. All estimators get the same draws,
    so that column d of one estimator is paired with column d of another.

    Attributes
    ----------
    n_labels : ndarray of int of shape (n_sizes,)
        Numbers of labels trained on. Where groups are held out, "all" is the mean over draws.
    seeds : ndarray of int of shape (n_draws,)
        The seed of each draw.
    scoring : str
        Name of the score, or of the function that was given.
    test_scores, train_scores : dict of str to ndarray of shape (n_sizes, n_draws)
        Scores on the test rows and on the labelled training rows, by name of estimator.
    fit_times, score_times : dict of str to ndarray of shape (n_sizes, n_draws)
        Seconds.
    """

    n_labels: NDArray
    seeds: NDArray
    scoring: str
    test_scores: dict[str, NDArray]
    train_scores: dict[str, NDArray]
    fit_times: dict[str, NDArray]
    score_times: dict[str, NDArray]

    def mean(self) -> dict[str, NDArray]:
        """Average the test scores over the draws.

        Returns
        -------
        mean : dict of str to ndarray of shape (n_sizes,)
            By name of estimator.
        """
        return {name: scores.mean(axis=1) for name, scores in self.test_scores.items()}

    def interval(self, confidence: float = 0.95) -> dict[str, tuple[NDArray, NDArray]]:
        """Student's t interval of the mean test score.

        It tells how well the draws determine the mean; the scores of single draws scatter more. It
        does not tell how the scores would change with another test set, unless the draws had test
        rows of their own (`groups` and `cv` of `label_efficiency_curve`). Splits of the same rows
        have rows in common, so that even then it is narrower than for new rows altogether [1]_.

        Parameters
        ----------
        confidence : float, default=0.95
            Probability with which such intervals hold the mean over all draws.

        Returns
        -------
        interval : dict of str to (ndarray, ndarray), each of shape (n_sizes,)
            Lower and upper ends. NaN with one draw.

        Raises
        ------
        ValueError
            If `confidence` is not between 0 and 1.

        References
        ----------
        .. [1] Nadeau, Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
        """
        means = self.mean()
        half = {name: half_width(s, confidence) for name, s in self.test_scores.items()}
        return {name: (means[name] - half[name], means[name] + half[name]) for name in means}

    def paired_difference(self, name: str, baseline: str, confidence: float = 0.95) -> Difference:
        """Compare two estimators draw by draw.

        Some draws are luckier than others, for every estimator; pairing takes that out.

        Parameters
        ----------
        name, baseline : str
            Names of estimators. Positive differences mean that `name` scores higher.
        confidence : float, default=0.95
            As in `interval`.

        Returns
        -------
        difference : Difference
            Named tuple ``(mean, low, high)`` of ndarrays of shape (n_sizes,).

        Raises
        ------
        ValueError
            If there is no estimator of such a name, or `confidence` is not between 0 and 1.
        """
        for given in (name, baseline):
            if given not in self.test_scores:
                raise ValueError(
                    f"No estimator is named {given!r}; there are {[*self.test_scores]}."
                )
        differences = self.test_scores[name] - self.test_scores[baseline]
        mean, half = differences.mean(axis=1), half_width(differences, confidence)
        return Difference(mean, mean - half, mean + half)

    def to_dict(self) -> dict[str, Any]:
        """Turn the curve into what ``json.dump`` writes.

        Returns
        -------
        record : dict
            Lists, numbers and strings. `from_dict` makes the curve again.
        """
        return _listed(asdict(self))

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> LabelEfficiencyCurve:
        """Make a curve of what `to_dict` returned.

        Parameters
        ----------
        record : dict
            From `to_dict`; further keys are ignored.

        Returns
        -------
        curve : LabelEfficiencyCurve
            Equal to the one that was written.
        """
        values = {field.name: record[field.name] for field in fields(cls)}
        return cls(**{name: _arrays(value) for name, value in values.items()})

    def to_markdown(self, confidence: float = 0.95) -> str:
        """Write the mean test scores as a table.

        Parameters
        ----------
        confidence : float, default=0.95
            Of the half-widths after the signs "±", as in `interval`.

        Returns
        -------
        table : str
            One line for each number of labels, one column for each estimator.
        """
        names = list(self.test_scores)
        means, intervals = self.mean(), self.interval(confidence)
        # a bar in a name would end its cell
        header = " | ".join(str(name).replace("|", r"\|") for name in names)
        lines = [f"| labels | {header} |", f"| ---: |{' ---: |' * len(names)}"]
        for row, n in enumerate(self.n_labels):
            cells = []
            for name in names:
                half = intervals[name][1][row] - means[name][row]
                spread = "" if np.isnan(half) else f" ± {half:.3f}"
                cells.append(f"{means[name][row]:.3f}{spread}")
            lines.append(f"| {n} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return (
            f"LabelEfficiencyCurve({[*self.test_scores]}, n_labels={self.n_labels.tolist()}, "
            f"{len(self.seeds)} draws)"
        )


def half_width(values: NDArray, confidence: float) -> NDArray:
    """Half of Student's t interval of the mean over the last axis."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence={confidence!r} is not between 0 and 1. Pass 0.95 for 95 %.")
    n = values.shape[-1]
    if n < 2:
        return np.full(values.shape[:-1], np.nan)
    t = stats.t.ppf((1 + confidence) / 2, n - 1)
    return t * values.std(axis=-1, ddof=1) / np.sqrt(n)


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(entry) for key, entry in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def _arrays(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: np.asarray(entry) for key, entry in value.items()}
    return value if isinstance(value, str) else np.asarray(value)
