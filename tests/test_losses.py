"""Each loss against its slow reference; each check against a loss that is broken on purpose."""

import numpy as np
import pytest
import reference_losses as reference
import torch
import torch.nn.functional as F

from sgan_classifier import losses

TARGETS = np.array([0, 2, 2, 1, 0])
CLASS_WEIGHT = np.array([0.5, 3.0, 1.25])
ACCEPTED = np.array([True, False, True, True, False])
PRIOR = np.array([0.2, 0.5, 0.3])
RUNNING_MEAN = np.array([0.6, 0.4, 0.0])


def logits(seed, n=5):
    return 3.0 * np.random.default_rng(seed).standard_normal((n, 3))


# name -> (float arrays to differentiate by, further arguments)
CASES = {
    "real_logit": ([logits(0)], []),
    "supervised_loss": ([logits(1)], [TARGETS]),
    "adversarial_loss": ([logits(2), logits(3, n=7)], []),
    "conditional_entropy": ([logits(4)], []),
    "feature_matching": ([logits(5), logits(6)[0]], []),
    "feature_matching_squared": ([logits(7), logits(8)[0]], []),
    "non_saturating": ([logits(9)], []),
    "pseudo_label_loss": ([logits(11)], [TARGETS, ACCEPTED]),
    "class_balance": ([logits(12)], [PRIOR, RUNNING_MEAN]),
    "pull_away": ([logits(10)], []),
}
OF_LOGITS = [
    "real_logit",
    "supervised_loss",
    "adversarial_loss",
    "conditional_entropy",
    "non_saturating",
    "pseudo_label_loss",
    "class_balance",
]


def assert_equals_reference(implementation, name, further=None):
    """Compare value and gradients in float64."""
    arrays, others = CASES[name]
    others = others if further is None else further
    slow = getattr(reference, name)
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    value = implementation(*tensors, *map(torch.as_tensor, others)).sum()
    value.backward()
    np.testing.assert_allclose(value.item(), slow(*arrays, *others), rtol=1e-12)
    for i, tensor in enumerate(tensors):

        def of_one(x, i=i):
            return slow(*arrays[:i], x, *arrays[i + 1 :], *others)

        expected = reference.gradient(of_one, arrays[i])
        np.testing.assert_allclose(tensor.grad.numpy(), expected, rtol=1e-6, atol=1e-9)


def assert_right_at_extremes(implementation, name):
    """Value and gradient in float32 at logits of +-1e4, alone and mixed."""
    slow = getattr(reference, name)
    for row in ([1e4] * 3, [-1e4] * 3, [1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]):
        extreme = np.array([row] * 5)
        others = CASES[name][1]
        tensors = [torch.tensor(extreme, dtype=torch.float32) for _ in CASES[name][0]]
        for tensor in tensors:
            tensor.requires_grad_()
        value = implementation(*tensors, *map(torch.as_tensor, others)).sum()
        value.backward()
        expected = slow(*[extreme] * len(tensors), *others)
        np.testing.assert_allclose(value.item(), expected, rtol=1e-5, atol=1e-5)
        assert all(torch.isfinite(tensor.grad).all() for tensor in tensors)


@pytest.mark.parametrize("name", CASES)
def test_loss_and_gradients_equal_the_reference(name):
    assert_equals_reference(getattr(losses, name), name)


def test_class_weights_enter_the_supervised_loss_as_in_the_reference():
    assert_equals_reference(losses.supervised_loss, "supervised_loss", [TARGETS, CLASS_WEIGHT])


def test_weighted_losses_of_batches_add_up_to_that_of_all_rows():
    logits = torch.randn(40, 2, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([1, *[0] * 39])
    weight = torch.tensor([20.0 / 39.0, 20.0])  # balanced: of mean 1
    of_batches = [
        losses.supervised_loss(*batch, weight, is_batch=True)
        for batch in zip(logits.split(4), targets.split(4), strict=True)
    ]
    of_all = losses.supervised_loss(logits, targets, weight)
    torch.testing.assert_close(torch.stack(of_batches).mean(), of_all)


@pytest.mark.parametrize("name", OF_LOGITS)
def test_loss_is_right_and_its_gradient_finite_at_logits_of_1e4(name):
    assert_right_at_extremes(getattr(losses, name), name)


def test_every_public_loss_has_a_reference():
    assert set(losses.__all__) == set(CASES)


# ------------------------------------------------------------------ deliberately broken copies


def sum_of_exponentials(x):
    return x.exp().sum(dim=1).log()


def log_of_softmax(x, targets):
    p = x.softmax(dim=1)[torch.arange(len(x)), targets]
    return -(p + 1e-8).log().mean()


def log_of_sigmoids(unlabeled, fake):
    real, generated = losses.real_logit(unlabeled).sigmoid(), losses.real_logit(fake).sigmoid()
    return -0.5 * ((real + 1e-8).log().mean() + (1 - generated + 1e-8).log().mean())


def log_of_sigmoid(fake):
    return -(losses.real_logit(fake).sigmoid() + 1e-8).log().mean()


def entropy_of_p_times_log(x):
    p = x.softmax(dim=1)
    return -(p * p.log()).sum(dim=1).mean()


def log_of_accepted_softmax(x, labels, accepted):
    p = x.softmax(dim=1)[torch.arange(len(x)), labels]
    return -((p + 1e-8).log() * accepted).mean()


UNSTABLE = {
    "real_logit": sum_of_exponentials,
    "supervised_loss": log_of_softmax,
    "adversarial_loss": log_of_sigmoids,
    "conditional_entropy": entropy_of_p_times_log,
    "non_saturating": log_of_sigmoid,
    "pseudo_label_loss": log_of_accepted_softmax,
}


@pytest.mark.parametrize("name", UNSTABLE)
def test_unstable_copies_fail_at_logits_of_1e4(name):
    with pytest.raises(AssertionError):
        assert_right_at_extremes(UNSTABLE[name], name)


WRONG = {
    "real_logit": [
        lambda x: x.amax(dim=1),
        lambda x: losses.real_logit(F.pad(x, (0, 1))),  # counts "generated" as a class
    ],
    "supervised_loss": [
        log_of_softmax,
        lambda x, y: F.cross_entropy(x, y, reduction="sum"),
        lambda x, y: F.cross_entropy(F.pad(x, (0, 1)), y),
    ],
    "adversarial_loss": [
        log_of_sigmoids,
        lambda real, fake: 2 * losses.adversarial_loss(real, fake),
        lambda real, fake: losses.adversarial_loss(fake, real),
        lambda real, fake: losses.adversarial_loss(real.detach(), fake),
        lambda real, fake: losses.adversarial_loss(real, fake.detach()),
    ],
    "conditional_entropy": [
        lambda x: losses.conditional_entropy(x) / x.shape[1],
        lambda x: -losses.conditional_entropy(x),
        lambda x: -(x.softmax(1).detach() * x.log_softmax(1)).sum(1).mean(),
    ],
    "feature_matching": [
        losses.feature_matching_squared,
        lambda fake, mean: (fake - mean).abs().mean(),  # matches images, not their mean
        lambda fake, mean: losses.feature_matching(fake.detach(), mean),
    ],
    "feature_matching_squared": [
        losses.feature_matching,
        lambda fake, mean: (fake - mean).square().mean(),
        lambda fake, mean: (fake.mean(0) - mean).square().sum(),
    ],
    "non_saturating": [
        log_of_sigmoid,
        lambda fake: -F.softplus(losses.real_logit(fake)).mean(),  # the saturating form
        lambda fake: losses.non_saturating(fake.detach()),
    ],
    "pseudo_label_loss": [
        log_of_accepted_softmax,
        lambda x, y, accepted: F.cross_entropy(x, y),
        lambda x, y, accepted: F.cross_entropy(x[accepted], y[accepted]),
    ],
    "class_balance": [
        lambda x, prior, mean: losses.class_balance(x, torch.full_like(prior, 1 / 3), mean),
        lambda x, prior, mean: losses.class_balance(x, mean, prior),  # the other way
        lambda x, prior, mean: losses.class_balance(x, prior, x.softmax(1).mean(0).detach()),
        lambda x, prior, mean: (x.softmax(1).mean(0) * (mean / prior).log()).sum(),  # log 0
    ],
    "pull_away": [
        lambda h: (F.normalize(h) @ F.normalize(h).T).square().mean(),  # counts i = j
        lambda h: losses.pull_away(h.detach()),
        lambda h: (h @ h.T).square().fill_diagonal_(0).mean(),
    ],
}


@pytest.mark.parametrize(
    ("name", "broken"), [(name, broken) for name, copies in WRONG.items() for broken in copies]
)
def test_wrong_copies_differ_from_the_reference(name, broken):
    def differentiable(*arguments):
        # a detached copy has no graph at all: give it one of zero gradient
        return broken(*arguments) + sum(0 * a.sum() for a in arguments if a.requires_grad)

    with pytest.raises(AssertionError):
        assert_equals_reference(differentiable, name)


def test_unweighted_copy_of_the_supervised_loss_fails_with_class_weights():
    with pytest.raises(AssertionError):
        assert_equals_reference(
            lambda x, y, weight: losses.supervised_loss(x, y),
            "supervised_loss",
            [TARGETS, CLASS_WEIGHT],
        )


def test_pull_away_of_a_single_image_is_zero():
    assert losses.pull_away(torch.ones(1, 4)) == 0


def test_pull_away_of_two_images_is_their_squared_cosine():
    # the smallest batch that has a pair: at 60 degrees the cosine is 1/2
    features = torch.tensor([[2.0, 0.0], [0.5, 0.75**0.5]], dtype=torch.float64)
    assert losses.pull_away(features).item() == pytest.approx(1 / 4)


def test_realness_of_equal_logits_is_the_share_of_real_classes():
    # K + 1 equal logits: p(real) = K / (K + 1)
    assert losses.real_logit(torch.zeros(1, 3)).sigmoid().item() == pytest.approx(3 / 4)


def test_class_balance_follows_the_gradient_of_the_divergence_it_stands_for():
    # with a running mean q = (1 - a) m + a p of an earlier mean m and this batch's p, the gradient
    # of KL(q || prior) is a times that of the loss
    a, x = 0.1, torch.tensor(logits(13), requires_grad=True)
    prior, earlier = torch.tensor(PRIOR), torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    q = (1 - a) * earlier + a * x.softmax(1).mean(0)
    (expected,) = torch.autograd.grad((q * (q / prior).log()).sum(), x)
    (mine,) = torch.autograd.grad(losses.class_balance(x, prior, q.detach()), x)
    torch.testing.assert_close(a * mine, expected)
