"""
Watch the training
==================

What ``history_`` records, and how healthy training looks.
"""

# %%
# Fit to 50 labelled digits. ``history_`` has up to fifty records a fit, each a mean over the steps
# since the last one.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sgan_classifier import SGANClassifier
from sgan_classifier.model_selection import mask_labels
from sgan_classifier.plotting import TrainingCurveDisplay

digits = load_digits()
y_few = mask_labels(digits.target, 50, random_state=0)
model = SGANClassifier(max_iter=300, width=16, random_state=0).fit(digits.images, y_few)
for name, value in model.history_[-1].items():
    print(f"{name:18s} {value:8.3f}")

# %%
# The losses stay finite, and that of the labelled rows falls. D_u, the discriminator's probability
# that a row is real, stays away from 1 for real rows and from 0 for generated ones: both networks
# are still in the game, though the discriminator tells them apart better and better.

TrainingCurveDisplay.from_estimator(model)

# %%
# The other entries are as easily drawn. At first every unlabelled row is given a pseudo-label, as
# the threshold begins low, and pseudo-labels have hardly any weight. Then the threshold follows the
# network's growing confidence.

steps = [record["step"] for record in model.history_]
figure, ax = plt.subplots(figsize=(5.0, 3.0), layout="constrained")
ax.plot(steps, [record["pseudo_label_rate"] for record in model.history_], color="#0072B2")
ax.set(xlabel="Step", ylabel="Share of rows with a pseudo-label", ylim=(0, 1))
ax.spines[["top", "right"]].set_visible(False)
