"""The estimator as the scan sees it."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .._base import BaseImageClassifier
from .._batches import Rows
from .._forward import judges_realness
from .._scale_checks import warn_of_other_scale
from ..exceptions import InvalidInputError

CRATER = "crater"


class WindowClassifier:
    """Asks a fitted estimator about windows (n, n_channels, side, side).

    Parameters
    ----------
    estimator : SGANClassifier or CNNClassifier
        Fitted on images.
    positive : label, optional
        The class looked for: by default "crater" or, of the classes 0 and 1, 1.
    """

    def __init__(self, estimator: BaseImageClassifier, positive: Any = None) -> None:
        if not isinstance(estimator, BaseImageClassifier):
            raise InvalidInputError(
                f"A scan needs an SGANClassifier or a CNNClassifier, not {type(estimator).__name__}"
                ". Take the classifier out of a pipeline or a search."
            )
        check_is_fitted(estimator)
        self.estimator = estimator
        self.input_shape = estimator.input_shape_
        self.fit_dtype = getattr(estimator, "_fit_dtype", None)  # an old model file has none
        self.positive = _positive(estimator.classes_, positive)
        self._column = int(np.flatnonzero(estimator.classes_ == self.positive)[0])

    def probability(self, windows: NDArray) -> NDArray[np.float64]:
        """Return the probability of the class looked for, (n,)."""
        return self.estimator._probabilities(self._rows(windows))[:, self._column]

    def realness(self, windows: NDArray) -> NDArray[np.float64]:
        """Return D_u of each window, (n,); NaN for an estimator that trained no generator."""
        if not judges_realness(self.estimator.net_):
            return np.full(len(windows), np.nan)
        return self.estimator._realness(self._rows(windows))

    def warn_of_other_scale(self, windows: NDArray, stacklevel: int) -> None:
        """Warn of a scene by some windows (n, n_channels, side, side) of it; batches do not."""
        rows = self._rows(windows)
        warn_of_other_scale(rows, self.estimator.net_.scaler, self.fit_dtype, stacklevel)

    def checksum(self) -> str:
        """Return what tells one fitted estimator from another, on whatever device it is."""
        net = self.estimator.net_
        digest = hashlib.sha256()
        for tensor in net.average_.state_dict().values():
            digest.update(tensor.detach().cpu().double().numpy().tobytes())
        scaler = net.scaler
        scale = (scaler.offset.tolist(), scaler.scale.tolist(), scaler.typical_std)
        digest.update(repr((scale, self.estimator.classes_.tolist())).encode())
        return digest.hexdigest()

    def _rows(self, windows: NDArray) -> Rows:
        X = self.estimator._layout.from_channels_first(windows)
        return self.estimator._rows(X, stacklevel=None)


def _positive(classes: NDArray, positive: Any) -> Any:
    known = classes.tolist()
    if positive is None:
        is_binary = known in ([0, 1], ["0", "1"])  # the latter from folders of these names
        guesses = known[1:] if is_binary else [label for label in known if label == CRATER]
        if len(guesses) != 1:
            raise InvalidInputError(
                f"Which of the classes {known} is looked for? Pass it as positive=, or on the "
                "command line as --class."
            )
        return guesses[0]
    if positive not in known:
        raise InvalidInputError(
            f"positive={positive!r} is none of the classes {known} that the estimator knows."
        )
    return positive
