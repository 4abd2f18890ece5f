"""The questions of the 2021 lunar crater study, each as settings to compare."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sklearn.base import BaseEstimator

from sgan_classifier import CNNClassifier, SGANClassifier, recipes
from sgan_classifier.benchmarking._data import BenchmarkData
from sgan_classifier.benchmarking._report import STUDY_CNN as CNN_ACCURACIES
from sgan_classifier.benchmarking._report import STUDY_SGAN as SGAN_ACCURACIES

from .epochs import EpochBudget
from .networks import crater_cnn

# The study's optimiser for its CNN: Adam with Keras' defaults, no schedule, no average of weights.
STUDY_CNN = {
    "learning_rate": 1e-3,
    "learning_rate_schedule": "constant",
    "optimizer_params": {"betas": (0.9, 0.999)},
    "ema_decay": 0.0,
    "augment": None,
}
STUDY_CNN_EPOCHS, STUDY_CNN_BATCH = 5, 32
STUDY_SGAN_EPOCHS, STUDY_SGAN_BATCH = 5, 10

# A quarter of the study's 128 channels: the questions are about budgets and rates, and its full
# width, which the label-efficiency benchmark has, would take days on a CPU.
SGAN_WIDTH = 32

SECTION_KEYS = (
    "table",
    "batch-size",
    "batch-size-equal-steps",
    "epochs",
    "learning-rate",
    "cnn-budget",
    "cnn-parts",
    "cnn-epochs",
    "cnn-learning-rate",
)


@dataclass(frozen=True)
class Section:
    """One question, and the settings that answer it.

    Attributes
    ----------
    key, title : str
    finding : str
        What the study said, and how it is redone here.
    n_labels : tuple of int or "all"
    estimators : dict of str to estimator
    baseline : str
        The setting to which the others are compared, draw by draw.
    """

    key: str
    title: str
    finding: str
    n_labels: tuple[int | str, ...]
    estimators: dict[str, BaseEstimator]
    baseline: str


def make_sections(
    data: BenchmarkData, *, budget: float = 1.0, device: str = "auto"
) -> dict[str, Section]:
    """Return all sections by key.

    Parameters
    ----------
    data : BenchmarkData
    budget : float, default=1.0
        Every number of steps or epochs is multiplied by this, for a quick look.
    device : str, default="auto"
    """
    make = _Maker(data, budget, device)
    sections = (
        _table(make),
        _batch_size(make),
        _batch_size_equal_steps(make),
        _epochs(make),
        _learning_rate(make),
        _cnn_budget(make),
        _cnn_parts(make),
        _cnn_epochs(make),
        _cnn_learning_rate(make),
    )
    return {section.key: section for section in sections}


@dataclass(frozen=True)
class _Maker:
    """Builds estimators for one kind of data, device and budget."""

    data: BenchmarkData
    budget: float
    device: str

    def steps(self, n_steps: float) -> int:
        return max(1, round(self.budget * n_steps))

    def sgan(self, whole_batch: int, n_epochs: float | None = None, **parameters: Any) -> Any:
        """The recipe, narrowed, with the study's way of counting, and without views as there.

        A batch is half labelled and half unlabelled; an epoch is one pass over all training rows.
        """
        if n_epochs is not None:
            parameters["max_iter"] = self.steps(n_epochs * len(self.data.X_train) / whole_batch)
        parameters = {"batch_size": max(1, whole_batch // 2), "width": SGAN_WIDTH, **parameters}
        return SGANClassifier(**{**recipes.CRATERS_2021, "device": self.device, **parameters})

    def cnn(self, *, epochs: int = STUDY_CNN_EPOCHS, **parameters: Any) -> EpochBudget:
        """The study's CNN, trained in the study's way."""
        settings = {"network": "crater2021", **STUDY_CNN, "device": self.device, **parameters}
        return EpochBudget(
            CNNClassifier(**settings), epochs=self.steps(epochs), batch_size=STUDY_CNN_BATCH
        )

    def fair_cnn(self, **parameters: Any) -> CNNClassifier:
        """A CNN with the library's own training: its steps, schedule and augmentation."""
        cnn = CNNClassifier(device=self.device, **{**self.data.parameters, **parameters})
        return cnn.set_params(max_iter=self.steps(cnn.max_iter))


def _table(make: _Maker) -> Section:
    sgan = partial(make.sgan, STUDY_SGAN_BATCH, STUDY_SGAN_EPOCHS)
    return Section(
        "table",
        "SGAN and CNN against number of labels",
        f"The study's accuracies, on other images, are {_listed(SGAN_ACCURACIES)} for its SGAN and "
        f"{_listed(CNN_ACCURACIES)} for its CNN, which with fewer did not converge. Its code never "
        'let the classifier learn from unlabelled images: that is the SGAN "without the unlabelled '
        'images" here, the same network and steps. In all sections on the SGAN it has '
        f"{SGAN_WIDTH} channels, a quarter of the study's.",
        (10, 20, 50, 100, 1000),
        {
            "SGAN": sgan(),
            "SGAN, without the unlabelled images": sgan(adversarial_weight=0.0),
            "CNN": make.cnn(),
        },
        "SGAN",
    )


def _listed(accuracies: dict[int, float]) -> str:
    return ", ".join(f"{value} with {n} labels" for n, value in accuracies.items())


def _batch_size(make: _Maker) -> Section:
    return Section(
        "batch-size",
        "SGAN: batch size against number of labels, at equal epochs",
        "The study found small batches best, first in 10 epochs, then in 5, as here. An epoch is "
        "a pass over all training images, so that a batch ten times smaller takes ten times the "
        "steps.",
        (10, 100, 1000),
        {f"batch {size}": make.sgan(size, n_epochs=5) for size in (10, 20, 50, 100)},
        "batch 10",
    )


def _batch_size_equal_steps(make: _Maker) -> Section:
    steps = make.steps(1000)
    return Section(
        "batch-size-equal-steps",
        "SGAN: batch size against number of labels, at equal steps",
        f"The same with {steps} steps for every batch size: is it the small batch that helps, or "
        "are there just more steps?",
        (10, 100, 1000),
        {f"batch {size}": make.sgan(size, max_iter=steps) for size in (10, 20, 50, 100)},
        "batch 10",
    )


def _epochs(make: _Maker) -> Section:
    return Section(
        "epochs",
        "SGAN: epochs",
        "The study found 5 epochs sufficient, at batch size 10.",
        (10, 100, 1000),
        {f"{n} epochs": make.sgan(STUDY_SGAN_BATCH, n_epochs=n) for n in (1, 2, 5, 10)},
        "5 epochs",
    )


def _learning_rate(make: _Maker) -> Section:
    rates = (2e-5, 1e-4, 5e-4, 1e-3)
    return Section(
        "learning-rate",
        "SGAN: learning rate",
        "The study used 0.0001 for both networks, by trial and error.",
        (10, 100, 1000),
        {
            f"rate {rate:g}": make.sgan(STUDY_SGAN_BATCH, STUDY_SGAN_EPOCHS, learning_rate=rate)
            for rate in rates
        },
        "rate 0.0001",
    )


def _cnn_budget(make: _Maker) -> Section:
    fair = make.fair_cnn(network="crater2021", augment=None)
    return Section(
        "cnn-budget",
        "CNN: did it not converge, or was it not trained?",
        "The study gives its CNN as N/A below 1000 labels after 5 epochs. With 10 labels, 5 epochs "
        f"are 5 steps. Here is the same network with that budget, with {fair.max_iter} steps, and "
        "with these and the views of all benchmarks on these data.",
        (10, 20, 50, 100, 1000),
        {
            "5 epochs, as the study": make.cnn(),
            "fair steps": fair,
            "fair steps, augmented": make.fair_cnn(network="crater2021"),
        },
        "5 epochs, as the study",
    )


def _cnn_parts(make: _Maker) -> Section:
    parts: dict[str, Callable] = {
        "the study's": crater_cnn(),
        "dropout 0.5": crater_cnn(dropout=0.5),
        "batch norm": crater_cnn(batch_norm=True),
        "maximum for average pooling": crater_cnn(first_pooling="max"),
        "no average pooling": crater_cnn(first_pooling="none"),
    }
    fair = partial(make.fair_cnn, augment=None)
    return Section(
        "cnn-parts",
        "CNN: dropout, batch norm, average pooling",
        "The study found that dropout helps slightly against overfitting, that batch norm does not "
        "work, and that average pooling helps to overlook smaller craters. Each part is tried with "
        "the study's 5 epochs and with a fair budget; no augmentation. All networks here begin "
        "from torch's own initial weights, the CNN of the other sections from larger ones (He et "
        "al. 2015), which five epochs do not even out: compare within a section.",
        (100, 1000, "all"),
        {
            **{f"{name}, 5 epochs": make.cnn(network=network) for name, network in parts.items()},
            **{f"{name}, fair": fair(network=network) for name, network in parts.items()},
        },
        "the study's, 5 epochs",
    )


def _cnn_epochs(make: _Maker) -> Section:
    return Section(
        "cnn-epochs",
        "CNN: epochs",
        "The study found that more than 5 epochs overfit.",
        (100, 1000, "all"),
        {f"{n} epochs": make.cnn(epochs=n) for n in (2, 5, 10, 20)},
        "5 epochs",
    )


def _cnn_learning_rate(make: _Maker) -> Section:
    return Section(
        "cnn-learning-rate",
        "CNN: learning rate",
        "The study used 0.001, and found other rates no cure for the missing convergence.",
        (100, 1000, "all"),
        {f"rate {rate:g}": make.cnn(learning_rate=rate) for rate in (1e-4, 3e-4, 1e-3, 3e-3)},
        "rate 0.001",
    )
