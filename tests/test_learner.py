"""The tensors that a learner lists are those of its network, whatever happens to it."""

import copy
from contextlib import suppress

import numpy as np
import pytest
import torch
from tiny import few_labels, noise_images, same_state, sgan, state
from torch import nn
from torch.nn.utils import get_total_norm

from sgan_classifier._learner import Learner
from sgan_classifier._run import Totals


class Counting(nn.Module):
    """A layer that replaces its buffer at each pass, and has one weight that is not trained."""

    def __init__(self):
        super().__init__()
        self.layer, self.norm = nn.Linear(3, 2), nn.BatchNorm1d(2)
        self.layer.bias.requires_grad_(False)
        self.register_buffer("n_passes", torch.zeros(()))

    def forward(self, x):
        self.n_passes = self.n_passes + 1
        return self.norm(self.layer(x))


@pytest.fixture
def learner():
    torch.manual_seed(0)
    module = Counting()
    average = copy.deepcopy(module).requires_grad_(False)
    made = Learner(module, average, torch.optim.SGD(module.parameters(), lr=0.1))
    made.average = average
    return made


def test_average_has_the_buffers_that_the_network_has_now(learner):
    for _ in range(3):
        learner.module(torch.randn(5, 3))
    learner.follow(0.1)
    assert learner.average.n_passes == 3
    assert same_state(state(learner.average.norm), state(learner.module.norm))


def test_average_follows_weights_put_in_place_by_load_state_dict(learner):
    learner.module.load_state_dict({k: v + 1 for k, v in learner.module.state_dict().items()})
    learner.follow(1.0)
    assert same_state(state(learner.average), state(learner.module))


def test_average_goes_a_part_of_its_way_given_as_a_number_or_a_tensor(learner):
    before = state(learner.average.layer)
    learner.module.load_state_dict({k: v + 1 for k, v in learner.module.state_dict().items()})
    learner.follow(0.25)
    for name, value in state(learner.average.layer).items():
        torch.testing.assert_close(value, before[name] + 0.25)
    learner.average.layer.load_state_dict(before)
    learner.follow(torch.tensor(0.25))
    for name, value in state(learner.average.layer).items():
        torch.testing.assert_close(value, before[name] + 0.25)


def test_gradient_norm_is_that_of_torch_over_the_trained_weights(learner):
    learner.module(torch.randn(5, 3)).square().mean().backward()
    gradients = [w.grad for w in learner.module.parameters() if w.requires_grad]
    assert learner.gradient_norm().equal(get_total_norm(gradients))
    learner.forget_gradients()
    assert all(w.grad is None for w in learner.module.parameters())


def test_frozen_weights_are_as_they_were_afterwards(learner):
    before = [w.requires_grad for w in learner.module.parameters()]
    with suppress(KeyboardInterrupt), learner.frozen():
        assert not any(w.requires_grad for w in learner.module.parameters())
        raise KeyboardInterrupt
    assert [w.requires_grad for w in learner.module.parameters()] == before


def test_totals_go_on_in_whatever_order_a_checkpoint_gives_them():
    steps = [{"loss": torch.tensor(float(i)), "norm": torch.tensor(10.0 * i)} for i in range(4)]
    whole, first = Totals(), Totals()
    for figures in steps:
        whole.add(figures)
    for figures in steps[:2]:
        first.add(figures)
    second = Totals.of(dict(reversed(first.sums.items())), first.n_steps)
    for figures in steps[2:]:
        second.add(figures)
    assert second.means() == whole.means() == {"loss": 1.5, "norm": 15.0}
    assert Totals.of({}, 0) == Totals()


def test_predictions_in_fp32_stay_fp32_in_an_autocast_of_the_caller():
    images = noise_images()
    model = sgan().fit(images, few_labels())
    expected = model.predict_proba(images)
    with torch.autocast("cpu", torch.bfloat16):
        np.testing.assert_array_equal(model.predict_proba(images), expected)
