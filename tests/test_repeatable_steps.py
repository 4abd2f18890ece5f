"""What makes a step repeatable on CUDA: its changing numbers are tensors, and mean the same."""

import numpy as np
import torch
from tiny import few_labels, noise_images, sgan, weights

from sgan_classifier import _step
from sgan_classifier._batches import Rows
from sgan_classifier._cuda_graph import repeatable
from sgan_classifier._device import Dial, exact_kernels
from sgan_classifier._engine import SemiSupervisedNet
from sgan_classifier._layout import infer_layout
from sgan_classifier._step import TrainingStep

X, Y = noise_images(), few_labels()


class TensorDial(Dial):
    """A dial as it is on CUDA."""

    def __init__(self, device):
        self.value = torch.zeros((), device=device)


def test_steps_with_tensors_for_numbers_are_the_steps_with_numbers(monkeypatch):
    params = {"max_iter": 8, "augment": ("shift", "affine", "brightness", "cutout")}
    plain = sgan(**params).fit(X, Y)
    make = SemiSupervisedNet._adam

    def with_tensor_rate(net, module, learning_rate):
        optimizer = make(net, module, learning_rate)
        optimizer.param_groups[0]["lr"] = torch.tensor(learning_rate)
        return optimizer

    monkeypatch.setattr(_step, "Dial", TensorDial)
    monkeypatch.setattr(SemiSupervisedNet, "_adam", with_tensor_rate)
    tensors = sgan(**params).fit(X, Y)
    rate = tensors.net_.optimizer_.param_groups[0]["lr"]
    assert isinstance(rate, torch.Tensor)
    np.testing.assert_allclose(float(rate), plain.net_.optimizer_.param_groups[0]["lr"])
    for name, value in weights(plain).items():
        torch.testing.assert_close(weights(tensors)[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_a_step_draws_the_same_rows_as_its_parts():
    first, second = (sgan().fit(X, Y).net_ for _ in range(2))
    steps = [TrainingStep(net, _data(net)) for net in (first, second)]
    figures = steps[0]()
    parts = steps[1].update(steps[1].draw())
    assert figures.keys() == parts.keys()
    assert all(torch.equal(figures[name], parts[name]) for name in figures)


def test_on_a_cpu_a_step_is_taken_as_it_is():
    net = sgan().fit(X, Y).net_
    step = TrainingStep(net, _data(net))
    assert repeatable(step) is step


def test_exact_kernels_change_nothing_on_a_cpu():
    before = torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32
    with exact_kernels(torch.device("cpu")):
        assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32) == before


def _data(net):
    layout = infer_layout(X.shape, None)
    labeled = np.flatnonzero(Y >= 0)
    net.module_.train()
    return _step.TrainingData(Rows([X], layout, labeled), Y[labeled], Rows([X], layout))
