"""What the SGAN is made of, each part as the setting that turns it off."""

from typing import Any, NamedTuple

from sklearn.base import BaseEstimator

from sgan_classifier import SGANClassifier


class Term(NamedTuple):
    """A part of the method.

    Attributes
    ----------
    parameter : str
        Of `SGANClassifier`.
    off : object
        The value that turns it off, or puts another choice in its place.
    name : str
        Of the method without it.
    """

    parameter: str
    off: Any
    name: str


TERMS = (
    Term("adversarial_weight", 0.0, "no adversarial term"),
    Term("pseudo_label_weight", 0.0, "neither pseudo-labels nor balance"),  # balance is "auto"
    Term("pseudo_label_threshold", 0.0, "no least confidence"),
    Term("balance_weight", 0.0, "no class balance"),
    Term("entropy_weight", 0.0, "no conditional entropy"),
    Term("ema_decay", 0.0, "no running average"),
    Term("augment", None, "no augmentation"),
    Term("generator_loss", "non_saturating", "non-saturating generator"),
)
NOT_TERMS = ("class_weight",)  # which weighs rows, and no part of the loss


def active_terms(estimator: BaseEstimator) -> list[Term]:
    """List the parts that an estimator has, and that can be turned off.

    Parameters
    ----------
    estimator : SGANClassifier

    Returns
    -------
    list of Term
        `TERMS` and a term for each further weight of the estimator, without those that are off
        already.
    """
    parameters = estimator.get_params()
    known = {term.parameter for term in TERMS}
    further = [
        Term(parameter, 0.0, f"no {parameter.removesuffix('_weight').replace('_', ' ')}")
        for parameter in SGANClassifier().get_params()
        if parameter.endswith("_weight") and parameter not in known and parameter not in NOT_TERMS
    ]
    terms = [term for term in (*TERMS, *further) if parameters[term.parameter] != term.off]
    if parameters["adversarial_weight"] == 0:  # then there is no generator to have a loss
        terms = [term for term in terms if term.parameter != "generator_loss"]
    return terms
