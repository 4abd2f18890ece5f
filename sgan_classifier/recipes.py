"""Named settings from the literature: plain dictionaries for `SGANClassifier(**recipe)`.

Each lists what its source says; everything else is the estimator's default. Budgets are those of
the source and long on a CPU: override `max_iter` to shorten them, ``SGANClassifier(**{**recipe,
"max_iter": 2000})``. Training differs from the code of [1]_ in places. Its Adam divides by
sqrt(v + 1e-8), which for small gradients acts as an epsilon of 1e-4, and torch's by sqrt(v) + 1e-8.
Its generator's step takes new noise and new unlabelled images, and that here the ones of the
discriminator's; it compares features of one discriminator, and that here those of real images
before its update with those of generated ones after it. The guide on training names differences of
the networks.

References
----------
.. [1] Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016, and its reference
       code.
.. [2] "Crater Classification", a course project on lunar craters of 2021, after [1]_.
"""

from typing import Any

__all__ = ["CRATERS_2021", "SALIMANS_2016_CONV", "SALIMANS_2016_MNIST"]

_SALIMANS_2016: dict[str, Any] = {
    # 100 labelled (tiled), 100 unlabelled and 100 generated images; one step of each network
    "batch_size": 100,
    "unlabeled_ratio": 1.0,
    "fake_ratio": 1.0,
    "latent_dim": 100,
    "optimizer_params": {"betas": (0.5, 0.999)},
    "adversarial_weight": 1.0,
    "entropy_weight": 0.0,
    "pseudo_label_weight": 0.0,
    "balance_weight": 0.0,
    "ema_decay": 0.9999,
    "augment": None,
}

#: MNIST: fully connected, pixels in [0, 1], Adam 3e-3, 300 epochs of 600 steps.
SALIMANS_2016_MNIST: dict[str, Any] = {
    **_SALIMANS_2016,
    "network": "salimans2016_mnist",
    "scaling": "unit",
    "generator_loss": "feature_matching_squared",
    "learning_rate": 3e-3,
    "learning_rate_schedule": "constant",
    "max_iter": 300 * 600,
}

#: SVHN: convolutions, pixels in [-1, 1], Adam 3e-4 falling to 0 in the last third of 900 epochs of
#: 732 steps. For CIFAR-10 the source takes width=96 and 1200 epochs of 500 steps.
SALIMANS_2016_CONV: dict[str, Any] = {
    **_SALIMANS_2016,
    "network": "salimans2016_conv",
    "width": 64,
    "scaling": "range",
    "generator_loss": "feature_matching",
    "learning_rate": 3e-4,
    "learning_rate_schedule": "linear_last_third",
    "max_iter": 900 * 732,
}

#: The lunar crater study: 32x32 images, batches of 10 (half labelled, half unlabelled, half
#: generated in the discriminator's step, and a whole batch in the generator's), Adam 1e-4, 5 epochs
#: of 11,200 images. Its defects are mended: one trunk serves both roles, so that the classifier
#: learns from unlabelled images, and sums of exponentials cannot overflow.
CRATERS_2021: dict[str, Any] = {
    "network": "crater2021",
    "width": 128,
    "batch_size": 5,
    "unlabeled_ratio": 1.0,
    "fake_ratio": (1.0, 2.0),
    "latent_dim": 100,
    "scaling": "range",
    "augment": None,
    "optimizer_params": {"betas": (0.5, 0.999)},
    "learning_rate": 1e-4,
    "learning_rate_schedule": "constant",
    "adversarial_weight": 1.0,
    "entropy_weight": 0.0,
    "pseudo_label_weight": 0.0,
    "balance_weight": 0.0,
    "generator_loss": "non_saturating",
    "ema_decay": 0.0,
    "max_iter": 5 * 1120,
}
