"""What makes a step repeatable on CUDA: its changing numbers are tensors, and mean the same."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from tiny import few_labels, noise_images, sgan, weights

from sgan_classifier import _engine, _step
from sgan_classifier._batches import Rows
from sgan_classifier._cuda_graph import is_ours, repeatable
from sgan_classifier._device import Dial, exact_kernels
from sgan_classifier._layout import infer_layout
from sgan_classifier._optimizers import make_adam
from sgan_classifier._step import TrainingStep
from sgan_classifier.networks._pooled import PooledDiscriminator

X, Y = noise_images(), few_labels()


class TensorDial(Dial):
    """A dial as it is on CUDA."""

    def __init__(self, device):
        self.value = torch.zeros((), device=device)


def test_steps_with_tensors_for_numbers_are_the_steps_with_numbers(monkeypatch):
    params = {"max_iter": 8, "augment": ("shift", "affine", "brightness", "cutout")}
    plain = sgan(**params).fit(X, Y)

    def with_tensor_rate(module, learning_rate, options):
        optimizer = make_adam(module, learning_rate, options)
        optimizer.param_groups[0]["lr"] = torch.tensor(learning_rate)
        return optimizer

    monkeypatch.setattr(_step, "Dial", TensorDial)
    monkeypatch.setattr(_engine, "make_adam", with_tensor_rate)
    tensors = sgan(**params).fit(X, Y)
    rate = tensors.net_.optimizer_.param_groups[0]["lr"]
    assert isinstance(rate, torch.Tensor)
    np.testing.assert_allclose(float(rate), plain.net_.optimizer_.param_groups[0]["lr"])
    for name, value in weights(plain).items():
        torch.testing.assert_close(weights(tensors)[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_what_a_step_does_with_a_batch_depends_on_no_number_outside_its_dials():
    figures = []
    for n_steps in (3, 10**6):
        net = sgan().fit(X, Y).net_
        step = TrainingStep(net, _data(net))
        batch = step.draw()
        net.n_steps_ = n_steps
        figures.append(step.update(batch))
    assert figures[0].keys() == figures[1].keys()
    assert all(torch.equal(figures[0][name], figures[1][name]) for name in figures[0])


def test_on_a_cpu_a_step_is_taken_as_it_is():
    net = sgan().fit(X, Y).net_
    step = TrainingStep(net, _data(net))
    assert repeatable(step, 100) is step


class OwnDiscriminator(PooledDiscriminator):
    """A user's own, built on one of the library's."""


def own_pair(discriminator):
    def build(input_shape, n_classes):
        plain = torch.nn.Sequential(torch.nn.Linear(4, 64), torch.nn.Unflatten(1, input_shape))
        return plain, discriminator(input_shape, n_classes)

    return build


def plain_discriminator(input_shape, n_classes):
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, n_classes))


OWN_CODE = {
    "networks": {"network": own_pair(plain_discriminator)},
    "augmentation": {"augment": lambda x: x},
    "callback": {"callbacks": [Callback()]},
}


@pytest.mark.parametrize("rows", [X, X.reshape(24, 64).astype(float)], ids=["images", "table"])
def test_steps_of_the_library_alone_can_be_recorded(rows):
    net = sgan().fit(rows, Y).net_
    step = TrainingStep(net, _data(net, rows))
    assert is_ours(step)
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        assert not is_ours(step)


@pytest.mark.parametrize("name", OWN_CODE)
def test_steps_with_code_of_a_user_are_not_recorded(name):
    net = sgan(**OWN_CODE[name]).fit(X, Y).net_
    assert not is_ours(TrainingStep(net, _data(net)))


def test_a_network_built_on_one_of_the_library_s_is_code_of_a_user():
    net = sgan().fit(X, Y).net_
    assert is_ours(TrainingStep(net, _data(net)))
    net.module_.__class__ = OwnDiscriminator
    assert not is_ours(TrainingStep(net, _data(net)))


def switches():
    cudnn = torch.backends.cudnn
    return cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32


def test_exact_kernels_change_nothing_on_a_cpu():
    before = switches()
    with exact_kernels(torch.device("cpu")):
        assert switches() == before


def test_exact_kernels_last_until_the_last_one_has_gone():
    cuda, before = torch.device("cuda"), switches()  # there need be none to turn the switches
    first, second = exact_kernels(cuda), exact_kernels(cuda)
    first.__enter__()
    second.__enter__()
    assert switches() == (False, True, False)
    first.__exit__(None, None, None)  # as where threads take turns
    assert switches() == (False, True, False)
    second.__exit__(None, None, None)
    assert switches() == before


@pytest.mark.skipif(not hasattr(torch.backends.cudnn, "conv"), reason="torch has no such name yet")
def test_exact_kernels_leave_tf32_as_the_newer_names_have_it():
    convolution = torch.backends.cudnn.conv
    before = convolution.fp32_precision
    try:
        convolution.fp32_precision = "ieee"
        with exact_kernels(torch.device("cuda")):
            assert torch.backends.cudnn.deterministic
            assert convolution.fp32_precision == "ieee"
        assert convolution.fp32_precision == "ieee"
    finally:
        convolution.fp32_precision = before


def _data(net, rows=X):
    layout = infer_layout(rows.shape, None)
    labeled = np.flatnonzero(Y >= 0)
    net.module_.train()
    return _step.TrainingData(Rows([rows], layout, labeled), Y[labeled], Rows([rows], layout))
