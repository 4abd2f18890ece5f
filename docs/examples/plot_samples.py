"""
What the generator draws
========================

Generated images, beside real ones.
"""

# %%
# By default the generator is there for the classifier's sake, and its images are poor. For
# pictures, let the generator aim at images that pass for real, with more weight and more steps.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sgan_classifier import SGANClassifier
from sgan_classifier.model_selection import mask_labels
from sgan_classifier.plotting import SamplesDisplay

digits = load_digits()
model = SGANClassifier(
    max_iter=600,
    width=16,
    adversarial_weight=1.0,
    generator_loss="non_saturating",
    random_state=0,
)
model.fit(digits.images, mask_labels(digits.target, 50, random_state=0))

# %%
# ``sample`` answers in the units of ``X``, so one scale of grey fits both.

figure, axes = plt.subplots(2, 1, figsize=(6.0, 5.4), layout="constrained")
SamplesDisplay(digits.images[:40]).plot(axes[0], value_range=(0, 16))
axes[0].set_title("Real", fontsize=10)
SamplesDisplay.from_estimator(model, n_samples=40, ax=axes[1], value_range=(0, 16))
axes[1].set_title("Generated", fontsize=10)

# %%
# Good pictures do not make a good classifier, nor the other way round: what helps the classifier
# are images near the data, not perfect ones (Dai et al. 2017). Do not choose settings by these
# pictures.
