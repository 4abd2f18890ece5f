"""The loops that the speed benchmark compares with do the library's training, step by step."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from tiny import few_labels, noise_images, same_state, sgan, state

from sgan_benchmarks.speed import PlainLoop, TutorialLoop
from sgan_benchmarks.speed.limit import training_step
from sgan_benchmarks.speed.reference import KNOWN_SETTINGS
from sgan_benchmarks.speed.setting import Problem
from sgan_classifier._augment import AUGMENTATIONS
from sgan_classifier._batches import Rows
from sgan_classifier._step import Settings

N = 32


def images(**parameters):
    # "unit" scales each pixel by itself, so that to scale before a shift is to scale after it
    problem = Problem(noise_images(N), few_labels(N))
    return problem, sgan(scaling="unit", max_iter=20, **parameters).fit(problem.X, problem.y)


def table(**parameters):
    X = np.random.default_rng(0).normal(size=(N, 6)).astype(np.float32)
    problem = Problem(X, few_labels(N))
    return problem, sgan(max_iter=20, **parameters).fit(problem.X, problem.y)


def loop_like(kind, problem, model):
    return kind(model.net_, problem.batch_layout, problem.y, model.max_iter)


CASES = {
    "images, the defaults": (images, {}),
    "images, all losses": (images, {"entropy_weight": 0.1, "fake_ratio": (1.0, 2.0)}),
    "images, no pseudo-labels": (images, {"pseudo_label_weight": 0.0}),
    "images, strided networks": (images, {"network": "strided"}),
    "images, feature matching": (images, {"generator_loss": "feature_matching"}),
    "images, squared": (images, {"generator_loss": "feature_matching_squared"}),
    "images, all views": (images, {"augment": AUGMENTATIONS}),
    "table, the defaults": (table, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_plain_loop_takes_the_steps_that_the_library_takes(name, monkeypatch):
    make, parameters = CASES[name]
    problem, model = make(**parameters)
    net = model.net_
    net.n_steps_ = 2  # of the six over which the weight of pseudo-labels rises
    plain = loop_like(PlainLoop, problem, model)
    step = training_step(net, problem)
    for trainer in (plain, net):  # as in the middle of a fit
        trainer._set_learning_rates(0.5)
    drawn, take = [], Rows.take

    def recorded(rows, positions):
        drawn.append(torch.from_numpy(positions))
        return take(rows, positions)

    monkeypatch.setattr(Rows, "take", recorded)
    plain.rng.set_state(net.streams.noise.get_state())
    for _ in range(3):
        drawn.clear()
        figures = step()
        net.n_steps_ += 1
        losses = plain.update(*drawn)
        for term, value in losses.items():
            torch.testing.assert_close(value, figures[term], rtol=1e-4, atol=1e-5, msg=term)
    for mine, theirs in ((plain.teacher, net.average_), (plain.generator, net.generator_)):
        for weight, other in zip(mine.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(weight, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", [PlainLoop, TutorialLoop])
@pytest.mark.parametrize("make", [images, table])
def test_a_loop_trains_copies_and_leaves_the_estimator_alone(kind, make):
    problem, model = make()
    before = state(model.net_.module_)
    loop = loop_like(kind, problem, model)
    assert loop.run(3) > 0.0
    assert same_state(before, state(model.net_.module_))
    assert not same_state(before, state(loop.discriminator))


def test_the_tutorial_loop_has_the_plain_loops_losses():
    problem, model = images(entropy_weight=0.1)
    plain, tutorial = (loop_like(kind, problem, model) for kind in (PlainLoop, TutorialLoop))
    rows = torch.arange(model.batch_size)
    losses = plain.update(rows % len(plain.labeled), rows)
    assert tutorial.update().keys() == losses.keys()


def test_the_loops_know_every_setting_of_a_step():
    """A new loss, or another setting, has to be built into the loops, too."""
    assert {field.name for field in dataclasses.fields(Settings)} == KNOWN_SETTINGS


def test_the_tutorial_loop_learns():
    problem, model = images()
    # a bright half tells the classes apart
    X = problem.X.copy()
    X[problem.y == 1, :4] = 255
    torch.manual_seed(0)  # its batches and views are drawn as in tutorials, from the global stream
    loop = TutorialLoop(model.net_, X[:, None], problem.y, 1000)
    first = loop.update()["labeled_loss"]
    loop.run(300)
    assert loop.update()["labeled_loss"] < 0.5 * first


def test_views_of_single_rows_are_what_the_library_makes_of_batches():
    from sgan_benchmarks.speed.tutorial_loop import AugmentedRows

    x = torch.arange(64.0).view(1, 1, 8, 8)
    torch.manual_seed(0)
    rows = AugmentedRows(x, None, ("shift", "flip", "rotate90"))
    views = {tuple(rows[0].flatten().tolist()) for _ in range(2000)}
    # nine shifts, four turns, with and without a mirror
    assert len(views) == 72
    assert copy.deepcopy(rows)[0].shape == (1, 8, 8)
    rows = AugmentedRows(x, None, ("flip_vertical",))
    views = {tuple(rows[0].flatten().tolist()) for _ in range(50)}
    assert views == {tuple(view.flatten().tolist()) for view in (x, x.flip(2))}
