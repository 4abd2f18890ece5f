"""In which proportions the classes stand among the unlabelled rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import to_array
from ._probes import Probes
from .exceptions import InvalidInputError

FEWEST_PRIOR_STEPS = 20  # of a probe that is asked for shares
LEAST_SURENESS = 0.8  # mean probability of the right class of labelled rows; below, it knows little
EM_ITERATIONS = 100
# Total variation between the labels' proportions and the probe's that is put down to the luck of
# the labels: see `_luck`. By a script, on training rows of lunar_nac and MNIST and on
# scikit-learn's digits, none of 78 draws of even labels (1 to 50 a class) was above it where the
# classes are even, and what EM found was in 38 of 42 (of 5 labels a class or more) where half of
# the classes were made four times as rare.
TOLERANCE, LEAST_TOLERANCE = 0.32, 0.08
LEAST_SHARE = 0.2  # of a class, as a part of its share among the labels
SMALLEST = 1e-6  # share that can be passed


def check_class_prior(class_prior: Any, classes: NDArray) -> NDArray[np.float64] | None:
    """Return the proportions that were passed, or None where a name was.

    Parameters
    ----------
    class_prior : str, array-like of shape (K,) or dict of class to share
    classes : ndarray of shape (K,)

    Returns
    -------
    ndarray of shape (K,) or None

    Raises
    ------
    InvalidInputError
        If they are no proportions of so many classes.
    """
    if isinstance(class_prior, str):
        return None
    n_classes = len(classes)
    shares = class_prior
    if isinstance(shares, dict) or hasattr(shares, "iloc"):
        shares = _in_order(shares, classes)
    try:
        prior = np.array(to_array(shares, "class_prior"), dtype=np.float64)
    except (TypeError, ValueError):  # no numbers, or rows of unequal length
        prior = np.empty(0)
    is_prior = (
        prior.shape == (n_classes,) and (prior >= SMALLEST).all() and abs(prior.sum() - 1) < 1e-6
    )
    if not is_prior:
        raise InvalidInputError(
            f"class_prior={class_prior!r} is not one positive share for each of the {n_classes} "
            f"classes, of at least {SMALLEST:g}, in the order of classes_ and of sum 1. Pass such "
            "shares, 'auto' or 'labels'."
        )
    return prior


def _in_order(shares: Any, classes: NDArray) -> Any:
    """Return a dict or a pandas Series in the order of the classes; value_counts has another."""
    names, values = map(list, zip(*shares.items(), strict=True)) if len(shares) else ([], [])
    if len(names) == len(classes) and set(names) == set(classes.tolist()):
        by_name = dict(zip(names, values, strict=True))  # 1 and True are one name
        return [by_name[name] for name in classes.tolist()]
    if isinstance(shares, dict) or names != list(range(len(names))):
        raise InvalidInputError(
            f"class_prior has shares of {names}, and the classes are {classes.tolist()}. Pass a "
            "share for each of them, or an array in their order."
        )
    return values  # numbered, as a Series is that was given no index


def label_proportions(counts: NDArray, class_weight: NDArray | None = None) -> NDArray[np.float64]:
    """Return the classes' shares of the labels, one added to each: no class has a share of 0.

    Parameters
    ----------
    counts : ndarray of shape (K,)
        Labels of each class.
    class_weight : ndarray of shape (K,), optional
        What a label of each class counts.
    """
    shares = np.asarray(counts, dtype=np.float64)
    if class_weight is not None:
        weighted = shares * class_weight
        # weights that are all larger weigh no more against the one that is added
        shares = weighted * (shares.sum() / max(weighted.sum(), np.finfo(np.float64).tiny))
    return (shares + 1.0) / (shares.sum() + len(shares))


def find_class_prior(
    probes: Probes, proportions: NDArray[np.float64], found: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return the labels' proportions, unless a classifier that learnt from them contradicts.

    Parameters
    ----------
    probes : Probes
        Of too few steps, nothing is asked.
    proportions : ndarray of shape (K,)
        Of the labels.
    found : ndarray of shape (K,), optional
        What was found before. It stays where nothing is asked.

    Returns
    -------
    ndarray of shape (K,), of sum 1
        `proportions` itself, or, where that is further off than luck and mistakes explain, what
        `estimate_proportions` finds with the probe's probabilities, none below `LEAST_SHARE` times
        that of the labels before they are made to sum to 1.
    """
    if probes.n_steps < FEWEST_PRIOR_STEPS:
        return proportions if found is None else found
    sureness, probabilities = probes.sureness(), probes.of_pool(0)
    if not sureness >= LEAST_SURENESS or not np.isfinite(probabilities).all():
        return proportions
    estimate = estimate_proportions(probabilities, proportions)
    # a probe that is not yet sure of anything would have EM explain that by extreme shares
    n_classes = len(proportions)
    counted = np.bincount(probabilities.argmax(axis=1), minlength=n_classes) / len(probabilities)
    distance = min(0.5 * np.abs(shares - proportions).sum() for shares in (estimate, counted))
    if distance <= _luck(n_classes, probes.n_labeled, len(probabilities)):
        return proportions
    if distance <= probes.disagreement():  # its mistakes alone may move so many rows
        return proportions
    estimate = np.maximum(estimate, LEAST_SHARE * proportions)
    return estimate / estimate.sum()


def estimate_proportions(
    probabilities: NDArray[np.float64], proportions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Estimate in which proportions the classes stand among rows, from a classifier's answers.

    The classifier learnt where the classes stood in other proportions. Its answers are corrected
    for that by expectation-maximisation, as in Saerens, Latinne, Decaestecker, "Adjusting the
    Outputs of a Classifier to New a Priori Probabilities", Neural Computation 14(1), 2002.

    Parameters
    ----------
    probabilities : ndarray of shape (n, K)
        Of the rows.
    proportions : ndarray of shape (K,)
        Of the rows that the classifier learnt from, all positive.

    Returns
    -------
    ndarray of shape (K,), of sum 1
    """
    shares = proportions
    for _ in range(EM_ITERATIONS):
        corrected = probabilities * (shares / proportions)
        shares = (corrected / corrected.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def _luck(n_classes: int, n_labeled: int, n_rows: int) -> float:
    """Return the distance that is put down to luck: less with more labels a class.

    The factor before says that an error in one of two classes is one in the other, too. Of many
    classes, so many rows give no better shares than by the last term, even to a perfect classifier:
    half as much again as the mean distance, 0.4 sqrt(K / n), of n rows drawn from K even classes.
    """
    of_labels = TOLERANCE * np.sqrt(n_classes / (n_classes - 1)) * np.sqrt(n_classes / n_labeled)
    return max(of_labels, LEAST_TOLERANCE, 0.6 * np.sqrt(n_classes / n_rows))
