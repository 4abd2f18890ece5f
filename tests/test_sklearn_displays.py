"""scikit-learn's own displays draw our estimators, on labelled rows."""

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import LearningCurveDisplay
from sklearn.semi_supervised import LabelSpreading
from tiny import both, few_labels, noise_images

from sgan_classifier.metrics import make_labeled_scorer
from sgan_classifier.model_selection import SemiSupervisedKFold

X, Y = noise_images(), few_labels()
LABELED = Y != -1


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    mpl.pyplot.close("all")


@both
def test_confusion_matrix_counts_the_labelled_rows(make):
    model = make().fit(X, Y)
    display = ConfusionMatrixDisplay.from_estimator(model, X[LABELED], Y[LABELED])
    expected = [[np.sum((i == Y) & (model.predict(X) == j)) for j in (0, 1)] for i in (0, 1)]
    np.testing.assert_array_equal(display.confusion_matrix, expected)


@both
def test_calibration_is_that_of_the_second_class(make):
    names = np.array(["plain", "crater"])
    y = np.where(LABELED, names[Y], None)
    model = make().fit(X, y)
    display = CalibrationDisplay.from_estimator(
        model, X[LABELED], y[LABELED].astype(str), n_bins=1, pos_label="plain"
    )
    of_plain = model.predict_proba(X[LABELED])[:, 1]
    assert model.classes_.tolist() == ["crater", "plain"]
    np.testing.assert_allclose(display.prob_pred, of_plain.mean())
    np.testing.assert_allclose(display.prob_true, 0.5)


def test_learning_curves_are_drawn_of_the_labelled_rows():
    display = LearningCurveDisplay.from_estimator(
        LabelSpreading(gamma=1e-6),
        X.reshape(len(X), -1),
        Y,
        train_sizes=[0.75, 1.0],
        cv=SemiSupervisedKFold(2),
        scoring=make_labeled_scorer("accuracy"),
    )
    assert display.train_scores.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert "accuracy" in display.ax_.get_ylabel().lower()
