"""Training on a GPU: equal to itself, close to the CPU, recorded, and without waiting."""

import math
import os
import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from tiny import both, digits, few_labels, noise_images, same_state, sgan, weights

from sgan_classifier import CNNClassifier, _engine
from sgan_classifier._augment import AUGMENTATIONS
from sgan_classifier._checkpoint import Checkpoint
from sgan_classifier._cuda_graph import WARM_UP, CapturedStep, repeatable
from sgan_classifier._step import TrainingStep

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]

X, Y = noise_images(), few_labels()
LARGE, TABLE = noise_images(height=32, width=32), noise_images().reshape(24, 64).astype(np.float32)


def on_gpu(**params):
    return sgan(**{"device": "cuda", "max_iter": 12, **params})


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("rows", [X, LARGE, TABLE], ids=["8x8", "32x32", "table"])
def test_two_fits_are_equal_bit_for_bit(precision, rows):
    first, second = (on_gpu(precision=precision).fit(rows, Y) for _ in range(2))
    assert first.device_.startswith("cuda")
    assert same_state(weights(first), weights(second))
    np.testing.assert_array_equal(first.predict_proba(rows), second.predict_proba(rows))
    assert first.sample(2, random_state=0).shape == (2, *rows.shape[1:])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("rows", [X, LARGE, TABLE], ids=["8x8", "32x32", "table"])
def test_recorded_steps_are_the_steps_themselves(monkeypatch, precision, rows):
    augment = None if rows is TABLE else AUGMENTATIONS
    recorded = on_gpu(precision=precision, augment=augment).fit(rows, Y)
    monkeypatch.setattr(_engine, "repeatable", lambda step, n_steps: step)
    plain = on_gpu(precision=precision, augment=augment).fit(rows, Y)
    assert same_state(weights(recorded), weights(plain))
    assert torch.equal(
        recorded.net_.streams.noise.get_state(), plain.net_.streams.noise.get_state()
    )
    for mine, theirs in zip(recorded.history_, plain.history_, strict=True):
        assert {**mine, "seconds": 0} == {**theirs, "seconds": 0}


@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype:UserWarning")
@pytest.mark.parametrize("kind", [TrainingStep, CapturedStep])
def test_no_step_waits_for_the_device(monkeypatch, kind):
    seen = []

    def watched(step, n_steps):
        take_step = step if kind is TrainingStep else CapturedStep(step)

        def take():
            seen.append(None)
            if len(seen) <= WARM_UP + 1:
                return take_step()
            try:
                torch.cuda.set_sync_debug_mode("error")
                return take_step()
            finally:
                torch.cuda.set_sync_debug_mode("default")

        return take

    monkeypatch.setattr(_engine, "repeatable", watched)
    estimator = on_gpu(augment=AUGMENTATIONS, precision="bf16").fit(LARGE, Y)
    assert len(seen) == estimator.n_iter_ == 12


@pytest.mark.parametrize("n_steps", [1, WARM_UP + 1, WARM_UP + 2])
def test_default_fits_are_recorded_where_that_pays(monkeypatch, n_steps):
    kinds = []

    def watched(step, n_steps):
        kinds.append(type(repeatable(step, n_steps)))
        return step

    monkeypatch.setattr(_engine, "repeatable", watched)
    on_gpu(max_iter=n_steps).fit(X, Y)
    assert kinds == [CapturedStep if n_steps > WARM_UP + 1 else TrainingStep]


def test_code_of_a_user_is_not_recorded():
    def brighter(x):
        calls.append(len(x))
        return x + 0.1

    calls = []
    on_gpu(augment=brighter).fit(X, Y)
    assert len(calls) >= 3 * 12  # labelled, weak and strong views of each step


class NormWatcher(Callback):
    def __init__(self):
        self.norms = []

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.norms.append([float(weight.grad.norm()) for _, weight in named_parameters])


def test_callbacks_are_called_at_every_step():
    watcher = NormWatcher()
    on_gpu(callbacks=[watcher]).fit(X, Y)
    assert len(watcher.norms) == 2 * 12  # both networks


@pytest.mark.parametrize("rows", [LARGE, TABLE], ids=["32x32", "table"])
def test_fits_in_two_threads_are_as_alone(rows):
    def fit(seed):
        return weights(on_gpu(random_state=seed).fit(rows, Y))

    alone = [fit(seed) for seed in range(4)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(fit, range(4)))
    assert all(same_state(a, t) for a, t in zip(alone, together, strict=True))
    assert torch.backends.cudnn.allow_tf32
    assert not torch.backends.cudnn.deterministic


def own_network(input_shape, n_classes):
    """Weights and steps without random numbers of the device, which differ from the CPU's."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(input_shape[0], 8, 3, padding=1),
        torch.nn.LeakyReLU(0.2),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(8, 16, 3),
        torch.nn.LeakyReLU(0.2),
        torch.nn.Flatten(),
        torch.nn.LazyLinear(n_classes),
    )
    module(torch.zeros(1, *input_shape))
    return module


def test_gpu_and_cpu_train_alike():
    images, true, masked = digits(100)
    common = {"network": own_network, "augment": None, "precision": "fp32", "random_state": 0}
    answers = [
        CNNClassifier(device=device, max_iter=40, batch_size=32, **common)
        .fit(images, masked)
        .predict_proba(images[:500])
        for device in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-3)
    assert (answers[1].argmax(axis=1) == true[:500]).mean() > 0.7


def test_both_networks_of_the_user_s_own_are_trained_on_the_gpu():
    latent_dim = sgan().latent_dim

    def own_pair(input_shape, n_classes):
        size = math.prod(input_shape)
        fakes = torch.nn.Linear(latent_dim, size), torch.nn.Unflatten(1, input_shape)
        return torch.nn.Sequential(*fakes), own_network(input_shape, n_classes)

    images, _, masked = digits(100)
    model = sgan(network=own_pair, device="cuda").fit(images, masked)
    assert model.realness(images[:3]).shape == (3,)


def test_gpu_fits_are_as_accurate_as_the_cpu_s():
    images, true, masked = digits(100)
    params = {"max_iter": 200, "batch_size": 32, "width": 16}
    scores = [
        sgan(device=device, **params).fit(images, masked).score(images, true)
        for device in ("cpu", "cuda")
    ]
    assert abs(scores[1] - scores[0]) < 0.05
    assert min(scores) > 0.85


@pytest.mark.parametrize("every", [2, 5, 7])
def test_an_interrupted_fit_goes_on_to_equal_weights(tmp_path, every):
    whole = on_gpu().fit(X, Y)
    after_step = Checkpoint.after_step

    def stop(self, net, run):
        after_step(self, net, run)
        if run.step == 8:
            raise KeyboardInterrupt

    params = {"checkpoint_dir": tmp_path, "checkpoint_every": every}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(Checkpoint, "after_step", stop)
        on_gpu(**params).fit(X, Y)
    resumed = on_gpu(**params).fit(X, Y)
    assert resumed.n_iter_ == 12
    assert same_state(weights(whole), weights(resumed))


def test_a_pickled_fit_answers_alike_and_goes_on():
    estimator = on_gpu(warm_start=True).fit(X, Y)
    copy = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(copy.predict_proba(X), estimator.predict_proba(X))
    copy.fit(X, Y)
    assert copy.n_iter_ == 24


def test_float32_is_not_rounded_to_tf32():
    images = np.random.default_rng(0).normal(size=(64, 32, 32, 3)).astype(np.float32)
    estimator = sgan(width=64).fit(images, few_labels(64))
    on_cpu = estimator.transform(images)
    estimator.net_.average_.to("cuda")
    estimator.net_.device = "cuda"
    difference = np.abs(estimator.transform(images) - on_cpu).max()
    assert difference < 2e-5 * np.abs(on_cpu).max()  # TF32 has 5e-4 a product


@both
def test_global_state_is_left_as_it_was(make):
    torch.cuda.init()
    before = torch.cuda.get_rng_state(), torch.backends.cudnn.allow_tf32
    make(device="cuda", max_iter=6).fit(X, Y).predict(X)
    assert torch.equal(torch.cuda.get_rng_state(), before[0])
    assert torch.backends.cudnn.allow_tf32 == before[1]
    assert not torch.backends.cudnn.deterministic


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_compiled_networks_train_to_close_predictions():
    plain, compiled = (on_gpu(compile=c).fit(X, Y).predict_proba(X) for c in (False, True))
    np.testing.assert_allclose(compiled, plain, atol=1e-3)


def test_generator_of_the_device_follows_the_callers_seed_if_a_fit_wakes_the_device():
    script = """
import numpy as np, torch
from tiny import cnn, few_labels, noise_images
torch.manual_seed(123)
network = lambda shape, n: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, n))
if {fits}:
    cnn(device="cuda", network=network).fit(noise_images(), few_labels())
print(torch.rand(3, device="cuda").tolist())
"""
    numbers = [
        subprocess.run(
            [sys.executable, "-c", script.format(fits=fits)],
            cwd=Path(__file__).parent,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for fits in (True, False)
    ]
    assert numbers[0] == numbers[1]
