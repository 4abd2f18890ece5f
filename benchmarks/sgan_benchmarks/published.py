"""Published test errors on MNIST with few labels, as their papers give them."""

from typing import NamedTuple

SALIMANS = 'Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016'
TRIPLE_GAN = 'Li et al., "Triple Generative Adversarial Nets", NeurIPS 2017'
BAD_GAN = 'Dai et al., "Good Semi-supervised Learning That Requires a Bad GAN", NeurIPS 2017'
CT_GAN = 'Wei et al., "Improving the Improved Training of Wasserstein GANs", ICLR 2018'
LADDER = 'Rasmus et al., "Semi-supervised Learning with Ladder Networks", NeurIPS 2015'
VAT = (
    'Miyato et al., "Virtual Adversarial Training: A Regularization Method for Supervised and '
    'Semi-Supervised Learning", TPAMI 2018'
)

LABELS = (20, 100)  # that papers report, and so do we


class Published(NamedTuple):
    """What a paper reports.

    Attributes
    ----------
    method, source : str
    errors : dict of int to (float, float or None)
        Mean and standard deviation of the error in per cent, by number of labels.
    is_checked : bool
        Whether the figures were compared with a printed copy of them.
    """

    method: str
    source: str
    errors: dict[int, tuple[float, float | None]]
    is_checked: bool = True

    def cell(self, n_labels: int) -> str:
        """Write the figure for a number of labels, "†" behind one that was not compared."""
        if n_labels not in self.errors:
            return ""
        mean, deviation = self.errors[n_labels]
        spread = "" if deviation is None else f" ± {deviation:g}"
        return f"{mean:g}{spread}{'' if self.is_checked else ' †'}"


MNIST: tuple[Published, ...] = (
    Published(
        "feature matching",
        SALIMANS,
        {20: (16.77, 4.52), 50: (2.21, 1.36), 100: (0.93, 0.065)},
    ),
    Published(
        "feature matching, ensemble of 10",
        SALIMANS,
        {20: (11.34, None), 50: (1.42, None), 100: (0.86, None), 200: (0.81, None)},
        is_checked=False,
    ),
    Published("Triple-GAN", TRIPLE_GAN, {20: (4.81, 4.95), 50: (1.56, 0.72), 100: (0.91, 0.58)}),
    Published("Bad GAN", BAD_GAN, {100: (0.795, 0.098)}),
    Published("CT-GAN", CT_GAN, {100: (0.89, 0.13)}, is_checked=False),
    Published("Ladder network", LADDER, {100: (1.06, 0.37)}),
    Published("VAT", VAT, {100: (1.36, None)}),
)
