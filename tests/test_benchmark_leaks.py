"""No benchmark looks at a hidden label: permuted after the draw, they change no weight.

The check is a function that asserts; it is also run on benchmarks that leak on purpose.
"""

import numpy as np
import pytest
from PIL import Image
from tiny import noise_images, same_state, sgan, weights

from sgan_benchmarks import active as _active
from sgan_benchmarks import cross_validation as _cross_validation
from sgan_benchmarks import pools as _pools
from sgan_benchmarks import robustness as _robustness
from sgan_benchmarks import scan as _scan
from sgan_benchmarks.ablation import run_ablation
from sgan_benchmarks.active import run_active
from sgan_benchmarks.augmentation import run_augmentation
from sgan_benchmarks.foreign import Foreign
from sgan_benchmarks.mnist import run_mnist
from sgan_benchmarks.robustness import run_robustness
from sgan_benchmarks.scan import run_scan
from sgan_benchmarks.scenes import AnnotatedScene
from sgan_benchmarks.study import run_study
from sgan_classifier import SGANClassifier
from sgan_classifier._base import BaseImageClassifier
from sgan_classifier.benchmarking import BenchmarkData, Run, run_label_efficiency
from sgan_classifier.benchmarking._held_out import hold_out
from sgan_classifier.model_selection import _curve, mask_labels

N_ROWS, N_LABELS = 40, 8


def fresh_data():
    X, y = noise_images(N_ROWS), np.arange(N_ROWS) % 2
    return BenchmarkData("noise", X, y, X[:10], y[:10], parameters={"width": 4, "batch_size": 8})


def spoil_curves(patch, spoil):
    """Spoil the draws of `label_efficiency_curve`, which are made from unspoilt labels."""
    draw = _curve._draw
    # the CNN's budget is chosen with a part of the rows in the place of the test rows
    true = {len(some.y_train): some.y_train for some in (fresh_data(), hold_out(fresh_data()))}
    patch.setattr(_curve, "_draw", lambda y, *rest: spoil(draw(true[len(y)], *rest), y))


def spoil_draws(patch, module, spoil):
    """Spoil the draws of a module that calls `mask_labels` itself."""

    def draw(y, n_labels, *, random_state):
        masked = mask_labels(fresh_data().y_train, n_labels, random_state=random_state)
        return spoil(masked, y)

    patch.setattr(module, "mask_labels", draw)


def label_efficiency(patch, data, out, spoil):
    spoil_curves(patch, spoil)
    # a grid of one, so that the labels of held-out rows, which choose, choose nothing
    settings = {"max_iter": 2, "cnn_budgets": [3]}
    run_label_efficiency(data, [N_LABELS], 2, Run(out, "", verbose=0), **settings)


def mnist(patch, data, out, spoil):
    spoil_curves(patch, spoil)
    run_mnist(data, [N_LABELS], 2, Run(out, "", verbose=0), steps=[2], cnn_budgets=[3])


def ablation(patch, data, out, spoil):
    spoil_curves(patch, spoil)
    run_ablation(data, [N_LABELS], 1, Run(out, "", verbose=0), steps=2)


def augmentation(patch, data, out, spoil):
    spoil_curves(patch, spoil)
    run_augmentation(data, ["shift"], [N_LABELS], 1, Run(out, "", verbose=0), steps=2)


def robustness(patch, data, out, spoil):
    def draw(pool, data, *rest):
        rows = _pools.make_rows(pool, fresh_data(), *rest)
        n = min(len(rows.y), N_ROWS)  # foreign rows, which have no label, come last
        spoil(rows.y[:n], data.y_train[:n])
        return rows

    patch.setattr(_robustness, "make_rows", draw)
    foreign = Foreign("other noise", noise_images(13, seed=1), noise_images(5, seed=2))
    settings = {"run": Run(out, "", verbose=0), "max_iter": 2}
    run_robustness(data, foreign, [4], 1, **settings)  # there are no more rows of a rare class


def scan(patch, data, out, spoil):
    spoil_draws(patch, _scan, spoil)
    # what is found after two steps is nothing to choose a threshold by
    patch.setattr(_scan, "_evaluated", lambda *args: {})
    patch.setattr(_scan, "save_scan_figure", lambda *args: None)
    patch.setattr(_scan, "scan_report", lambda *args: "")
    path = out.parent / "scene.png"
    Image.fromarray(noise_images(1, 48, 48)[0]).save(path)
    scene = AnnotatedScene("noise", path, np.array([[10.0, 10.0, 14.0, 14.0]]))
    settings = {"run": Run(out, "", verbose=0), "max_iter": 2, "stride": 1.0}
    run_scan(data, [scene], scene, [N_LABELS], 2, **settings)


def active(patch, data, out, spoil):
    """Only labels that nobody asks for are spoilt: those that are asked for are to be seen."""
    patch.setattr(_active, "save_active_figure", lambda *args: None)
    settings = {"first_steps": 2, "next_steps": 1}
    arguments = ([N_LABELS, N_LABELS + 4], ["margin"], 1)
    asked_for, suggest = np.zeros(N_ROWS, dtype=bool), _active.suggest

    def remembered(rows):
        asked_for[rows] = True
        return rows

    with pytest.MonkeyPatch.context() as inner:
        inner.setattr(_active, "suggest", lambda *a, **k: remembered(suggest(*a, **k)))
        spoil_draws(inner, _active, lambda masked, y: (remembered(masked != -1), masked)[1])
        run_active(fresh_data(), *arguments, Run(out / "asked", "", verbose=0), **settings)

    def spoil_others(masked, y):
        seen = spoil(np.where(asked_for, 0, -1), y)
        leaked = (seen != -1) & ~asked_for
        masked[leaked] = seen[leaked]
        return masked

    assert N_LABELS < asked_for.sum() < N_ROWS / 2
    spoil_draws(patch, _active, spoil_others)
    run_active(data, *arguments, Run(out, "", verbose=0), **settings)


def study(patch, data, out, spoil):
    spoil_curves(patch, spoil)
    run_study(data, 1, Run(out, "", verbose=0), n_labels=[N_LABELS], budget=1e-3)


def cross_validation(patch, data, out, spoil):
    spoil_draws(patch, _cross_validation, spoil)
    candidates = {"SGAN": (sgan(max_iter=2), {"learning_rate": [1e-3, 2e-3]})}
    run = Run(out, "", verbose=0)
    _cross_validation.measure_all(data, candidates, [N_LABELS], 1, out, run)


BENCHMARKS = [
    label_efficiency,
    study,
    cross_validation,
    active,
    scan,
    mnist,
    ablation,
    augmentation,
    robustness,
]


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
