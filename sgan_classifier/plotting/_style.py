"""What all figures share: colours, line styles, a new figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..exceptions import InvalidInputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind readers tell apart; yellow is left out as too pale.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINESTYLES = ("-", "--", "-.", ":", (0, (3, 1, 1, 1, 1, 1)))


def check_matplotlib() -> None:
    """Refuse with the remedy where matplotlib is not installed."""
    try:
        import matplotlib.pyplot  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "Drawing a figure needs matplotlib. Install it: pip install 'sgan-classifier[plot]'"
        ) from error


def check_has(estimator: BaseEstimator, attribute: str, what: str, kind: str) -> None:
    """Refuse an estimator that is not fitted, or lacks what is to be drawn."""
    check_is_fitted(estimator)
    if not hasattr(estimator, attribute):
        raise InvalidInputError(
            f"{type(estimator).__name__} has no {what} to draw from. Pass an {kind}; take it out "
            "of a pipeline or a search."
        )


def new_figure(height: float = 3.6) -> Figure:
    """Return a figure as wide as a column of a paper needs it; the height is in inches."""
    check_matplotlib()
    import matplotlib.pyplot as plt

    return plt.figure(figsize=(5.0, height), layout="constrained")
