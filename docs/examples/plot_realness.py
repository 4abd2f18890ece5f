"""
Images that do not belong
=========================

A classifier names a class for any image whatever. ``realness`` says whether an image looks like
those that it was trained on, within limits that this example shows.
"""

# %%
# Train on handwritten digits, and then show the model what is none: the same digits with their
# pixels shuffled, and plain noise.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

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
# The area under the ROC curve is the chance that a digit gets a higher realness than a foreign
# image: 0.5 is no better than a coin. The generator has hardly ever made noise, so how the
# discriminator judges it is not trained; on other data, look before you rely on it.

realness = {"digits, not trained on": model.realness(X_test)}
realness |= {name: model.realness(images) for name, images in foreign.items()}
n = len(X_test)
for name in foreign:
    scores = np.concatenate([realness["digits, not trained on"], realness[name]])
    print(f"{name}: area under the ROC curve {roc_auc_score(np.repeat([1, 0], n), scores):.3f}")

figure, ax = plt.subplots(figsize=(6.0, 3.2), layout="constrained")
bins = np.linspace(0, 1, 41)
for (name, values), color in zip(realness.items(), ["#0072B2", "#D55E00", "#009E73"], strict=True):
    ax.hist(values, bins, histtype="step", linewidth=1.6, color=color, label=name)
ax.set(xlabel="Realness, D_u", ylabel="Images")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)

# %%
# A rule for rejecting images needs no foreign image: refuse what is less real than all but 5 % of
# images that are known to belong and were not trained on.

known, new = X_test[: n // 2], X_test[n // 2 :]
threshold = np.quantile(model.realness(known), 0.05)
print(f"of new digits, {np.mean(model.realness(new) < threshold):.3f} are refused")
for name, images in foreign.items():
    print(f"of {name}, {np.mean(model.realness(images) < threshold):.3f} are refused")
