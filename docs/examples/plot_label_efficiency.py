"""
How many labels are enough?
===========================

Accuracy against the number of labels, averaged over draws, with intervals.
"""

# %%
# ``label_efficiency_curve`` hides all labels but a few, again and again, and fits every estimator
# to the same draws. To be quick, this page makes three draws with small networks and few steps; for
# figures that are to be trusted, take ten draws and the default networks.

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.semi_supervised import LabelSpreading

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.model_selection import label_efficiency_curve
from sgan_classifier.plotting import LabelEfficiencyDisplay

digits = load_digits()
X, X_test, y, y_test = train_test_split(
    digits.images / 16, digits.target, stratify=digits.target, random_state=0
)


class FlatSpreading(LabelSpreading):
    """LabelSpreading on images, each made one row of a table."""

    def fit(self, X, y):
        return super().fit(X.reshape(len(X), -1), y)

    def predict_proba(self, X):
        return super().predict_proba(X.reshape(len(X), -1))


small = {"max_iter": 160, "width": 16}
estimators = {
    "SGAN": SGANClassifier(**small),
    "CNN, labels alone": CNNClassifier(**small),
    "LabelSpreading": FlatSpreading(gamma=3),
}
curve = label_efficiency_curve(
    estimators, X, y, X_test=X_test, y_test=y_test, n_labels=[20, 50], n_draws=3
)
print(curve.to_markdown())

# %%
# The bands are 95 % intervals of the means. They are wide: with few labels, which ones they are
# matters as much as the method.

LabelEfficiencyDisplay(curve).plot()

# %%
# All estimators see the same draws, so their differences can be taken draw by draw, which says more
# than two bands that overlap.

difference = curve.paired_difference("SGAN", "CNN, labels alone")
for n, mean, low, high in zip(curve.n_labels, *difference, strict=True):
    low, high = f"{100 * low:+.1f}", f"{100 * high:+.1f}"
    print(f"{n:4d} labels: SGAN minus CNN {100 * mean:+.1f} points ({low} to {high})")
