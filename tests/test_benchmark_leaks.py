"""No benchmark looks at a hidden label: permuted after the draw, they change no weight.

The check is a function that asserts; it is also run on benchmarks that leak on purpose.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from tiny import noise_images, same_state, sgan, weights

from sgan_classifier import SGANClassifier
from sgan_classifier._base import BaseImageClassifier
from sgan_classifier.benchmarking import BenchmarkData, run_label_efficiency, run_study
from sgan_classifier.model_selection import _curve, mask_labels

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "cross_validation.py"
N_ROWS, N_LABELS = 40, 8


def fresh_data():
    X, y = noise_images(N_ROWS), np.arange(N_ROWS) % 2
    return BenchmarkData("noise", X, y, X[:10], y[:10])


def label_efficiency(patch, data, out, spoil):
    draw = _curve._draw
    patch.setattr(_curve, "_draw", lambda y, *rest: spoil(draw(fresh_data().y_train, *rest), y))
    run_label_efficiency(
        data, [N_LABELS], 2, out=out, command="", max_iter=2, n_jobs=1, random_state=0, verbose=0
    )


def study(patch, data, out, spoil):
    draw = _curve._draw
    patch.setattr(_curve, "_draw", lambda y, *rest: spoil(draw(fresh_data().y_train, *rest), y))
    run_study(data, 1, out=out, command="", n_labels=[N_LABELS], budget=1e-3, verbose=0)


def cross_validation(patch, data, out, spoil):
    spec = importlib.util.spec_from_file_location("cross_validation", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def draw(y, n_labels, *, random_state):
        masked = mask_labels(fresh_data().y_train, n_labels, random_state=random_state)
        return spoil(masked, y)

    patch.setattr(script, "mask_labels", draw)
    candidates = {"SGAN": (sgan(max_iter=2), {"learning_rate": [1e-3, 2e-3]})}
    settings = {"n_jobs": 1, "random_state": 0, "verbose": False}
    script.run(data, candidates, [N_LABELS], 1, out=out, **settings)


BENCHMARKS = [label_efficiency, study, cross_validation]


def weights_of_all_fits(benchmark, out, *, permute=False, leak=False):
    """Run the benchmark; between draw and fit, permute the hidden labels, and show some."""
    rng, ended_with = np.random.default_rng(0), []
    fit = BaseImageClassifier.fit

    def recorded_fit(self, *args, **kwargs):
        fit(self, *args, **kwargs)
        ended_with.append(
            weights(self) if isinstance(self, SGANClassifier) else discriminator(self)
        )
        return self

    def spoil(masked, y):
        hidden = np.flatnonzero(masked == -1)
        if permute:
            y[hidden] = rng.permutation(y[hidden])
        if leak:
            masked[hidden[:16]] = y[hidden[:16]]
        return masked

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseImageClassifier, "fit", recorded_fit)
        benchmark(patch, fresh_data(), out, spoil)
    return ended_with


def discriminator(estimator):
    return dict(estimator.net_.module_.state_dict())


def assert_no_leak(benchmark, folder, leak=False):
    honest = weights_of_all_fits(benchmark, folder / "a", leak=leak)
    permuted = weights_of_all_fits(benchmark, folder / "b", leak=leak, permute=True)
    assert len(honest) > 1
    # as sets: equal fits are taken from the cache, as long as no label has been permuted
    for some, others in ((honest, permuted), (permuted, honest)):
        assert all(any(same_state(state, other) for other in others) for state in some)


@pytest.mark.parametrize("benchmark_", BENCHMARKS, ids=lambda function: function.__name__)
def test_permuting_hidden_labels_changes_no_weight_in_any_benchmark(benchmark_, tmp_path):
    assert_no_leak(benchmark_, tmp_path)


@pytest.mark.parametrize("benchmark_", BENCHMARKS, ids=lambda function: function.__name__)
def test_that_check_fails_on_a_leaking_draw(benchmark_, tmp_path):
    with pytest.raises(AssertionError):
        assert_no_leak(benchmark_, tmp_path, leak=True)
