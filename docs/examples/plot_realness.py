"""
Images that do not belong
=========================

A classifier names a class for any image whatever. Two scores say whether an image looks like those
that it was trained on: ``realness``, and how close its features are to theirs.
"""

# %%
# Train on handwritten digits, and then show the model what is none: the same digits with their
# pixels shuffled, and plain noise.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import LocalOutlierFactor

from sgan_classifier import SGANClassifier
from sgan_classifier.model_selection import mask_labels

digits = load_digits()
X, X_test, y, y_test = train_test_split(
    digits.images, digits.target, stratify=digits.target, random_state=0
)
# more weight for the game of real and generated images than by default
model = SGANClassifier(max_iter=300, width=16, adversarial_weight=1.0, random_state=0)
model.fit(X, mask_labels(y, 50, random_state=0))

rng = np.random.default_rng(0)
foreign = {
    "shuffled digits": rng.permuted(X_test.reshape(len(X_test), -1), axis=1).reshape(X_test.shape),
    "noise": rng.uniform(0, 16, X_test.shape),
}

# %%
# The generator has hardly ever made noise, so how the discriminator judges it is not trained; on
# other data, look before you rely on it. The second score asks nothing of the generator: it is
# scikit-learn's local outlier factor, of features whose neighbours are those of the training rows.

neighbours = LocalOutlierFactor(novelty=True).fit(model.transform(X))


def feature_score(images):
    return neighbours.score_samples(model.transform(images))


# %%
# The area under the ROC curve is the chance that a digit gets a higher score than a foreign image:
# 0.5 is no better than a coin.

n = len(X_test)
for score in (model.realness, feature_score):
    for name, images in foreign.items():
        scores = np.concatenate([score(X_test), score(images)])
        area = roc_auc_score(np.repeat([1, 0], n), scores)
        print(f"{name}, by {score.__name__}: area under the ROC curve {area:.3f}")

figure, axes = plt.subplots(1, 2, figsize=(8.0, 3.2), layout="constrained", sharey=True)
titles = ["Realness, D_u", "Local outlier factor of the features, negative"]
shown = {"digits, not trained on": X_test, **foreign}
for ax, score, title in zip(axes, (model.realness, feature_score), titles, strict=True):
    values = [score(images) for images in shown.values()]
    bins = np.histogram_bin_edges(np.concatenate(values), 40)
    for name, of_kind, color in zip(shown, values, ["#0072B2", "#D55E00", "#009E73"], strict=True):
        ax.hist(of_kind, bins, histtype="step", linewidth=1.6, color=color, label=name)
    ax.set_xlabel(title)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("Images")
axes[0].legend(frameon=False)

# %%
# A rule for rejecting images needs no foreign image: refuse what scores below all but 5 % of images
# that are known to belong and were not trained on.

known, shown["digits, not trained on"] = X_test[: n // 2], X_test[n // 2 :]
for score in (model.realness, feature_score):
    threshold = np.quantile(score(known), 0.05)
    for name, images in shown.items():
        refused = np.mean(score(images) < threshold)
        print(f"{name}, by {score.__name__}: {refused:.3f} are refused")
