"""
Fifty labelled digits
=====================

Of 1,347 handwritten digits, 50 have a label. What are the others worth?
"""

# %%
# ``mask_labels`` keeps five labels of each digit and replaces all others by -1. The rows to test on
# are put aside first and decide nothing.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.model_selection import mask_labels

digits = load_digits()
X, X_test, y, y_test = train_test_split(
    digits.images, digits.target, stratify=digits.target, random_state=0
)
y_few = mask_labels(y, 50, random_state=0)
print(f"{np.sum(y_few != -1)} labelled rows of {len(y_few)}")

# %%
# Two estimators with one network. ``SGANClassifier`` learns from all rows, ``CNNClassifier`` from
# the labelled ones alone: the difference between them is what the unlabelled rows are worth. Both
# are smaller and take fewer steps than by default, so that this page is made in seconds.

sgan = SGANClassifier(max_iter=250, width=16, random_state=0).fit(X, y_few)
cnn = CNNClassifier(max_iter=250, width=16, random_state=0).fit(X, y_few)
for name, model in {"SGAN": sgan, "CNN": cnn}.items():
    print(f"{name}: {model.score(X_test, y_test):.3f} of the test rows are right")

# %%
# Which digits are taken for which? scikit-learn's own displays work as with any classifier.

figure, axes = plt.subplots(1, 2, figsize=(8.0, 4.2), layout="constrained", sharey=True)
for ax, (name, model) in zip(axes, {"SGAN": sgan, "CNN": cnn}.items(), strict=True):
    ConfusionMatrixDisplay.from_estimator(
        model, X_test, y_test, ax=ax, cmap="Blues", colorbar=False, text_kw={"fontsize": 8}
    )
    ax.set_title(f"{name}, 50 labels")

# %%
# One draw of 50 labels proves little; another draw moves both figures by points.
# :doc:`plot_label_efficiency` averages over draws.
