"""Networks of the user's own: adapted, or refused by what is wrong with them."""

import pytest
import torch
from tiny import both, cnn, few_labels, generator_of, noise_images, same_state, sgan, weights
from torch import nn

from sgan_classifier import persistence
from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.networks import adapt_discriminator, adapt_generator

X, Y = noise_images(), few_labels()
LATENT = sgan().latent_dim


def pair(head, generator=None):
    """Networks for images of 8x8 pixels, of which the discriminator ends in `head`."""

    def networks(input_shape, n_classes):
        fakes = nn.Sequential(nn.Linear(LATENT, 64), nn.Unflatten(1, input_shape))
        return generator or fakes, nn.Sequential(nn.Flatten(), head(n_classes))

    return networks


def linear(n_classes):
    return nn.Linear(64, n_classes)


class Changeable(nn.Module):
    """Answers as it should in eval(), and with what `answer` makes of the logits in train()."""

    def __init__(self, n_classes, answer):
        super().__init__()
        self.linear, self.answer = nn.Linear(64, n_classes), answer

    def forward(self, x):
        logits = self.linear(x)
        return self.answer(logits) if self.training else logits


class WithFeatures(nn.Module):
    """Answers with logits, and with what `answer` makes of the features."""

    def __init__(self, n_classes, answer):
        super().__init__()
        self.first, self.second, self.answer = nn.Linear(64, 64), linear(n_classes), answer

    def forward(self, x):
        features = self.first(x)
        return self.second(features), self.answer(features)


@both
@pytest.mark.parametrize(
    ("head", "message"),
    [
        (lambda k: nn.utils.weight_norm(nn.Linear(64, k)), "cannot be copied.* parametrizations"),
        (nn.LazyLinear, "whose 1.weight has no size yet.* lazy ones"),
        (lambda k: Changeable(k, lambda f: (f, f, f)), "cannot be trained: in training mode"),
        (lambda k: Changeable(k, lambda f: f.detach()), "answers with logits without a gradient"),
        (lambda k: Changeable(k, lambda f: (f, f.long())), r"answers with torch\.int64"),
        (lambda k: nn.Sequential(linear(k), nn.Softmax(1)), "ends in softmax"),
        (
            lambda k: WithFeatures(k, lambda f: f.mean(0, keepdim=True)),
            r"features of shape \(1, 64",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_discriminators_that_cannot_be_trained_are_named(make, head, message):
    with pytest.raises(InvalidInputError, match=message):
        make(network=pair(head)).fit(X, Y)


def test_generators_that_cannot_be_trained_are_named():
    no_weights = pair(linear, nn.Unflatten(1, (1, 8, 8)))
    with pytest.raises(InvalidInputError, match="without parameters, which cannot be trained"):
        sgan(network=no_weights, latent_dim=64).fit(X, Y)
    with_norm = nn.Sequential(nn.Linear(LATENT, 64), nn.BatchNorm1d(64), nn.Unflatten(1, (1, 8, 8)))
    with pytest.raises(InvalidInputError, match="larger batch_size or fake_ratio"):
        sgan(network=pair(linear, with_norm), fake_ratio=0.01).fit(X, Y)
    sgan(network=pair(linear, with_norm)).fit(X, Y)


def test_a_generator_that_no_gradient_reaches_is_refused():
    frozen = nn.Sequential(nn.Linear(LATENT, 64), nn.Unflatten(1, (1, 8, 8))).requires_grad_(False)
    with pytest.raises(InvalidInputError, match=r"what it makes has no gradient.*without detach"):
        sgan(network=pair(linear, frozen)).fit(X, Y)
    sgan(network=pair(linear, frozen), adversarial_weight=0.0).fit(X, Y)

    def detached(n_classes):
        return WithFeatures(n_classes, torch.Tensor.detach)

    with pytest.raises(InvalidInputError, match=r"features have no gradient.*non_saturating"):
        sgan(network=pair(detached)).fit(X, Y)
    sgan(network=pair(detached), generator_loss="non_saturating").fit(X, Y)


def test_logarithms_of_probabilities_tell_nothing_of_realness():
    def log_softmax(n_classes):
        return nn.Sequential(linear(n_classes), nn.LogSoftmax(1))

    with pytest.raises(InvalidInputError, match=r"ends in log_softmax.* no raw scores"):
        sgan(network=pair(log_softmax)).fit(X, Y)
    cnn(network=lambda shape, k: nn.Sequential(nn.Flatten(), log_softmax(k))).fit(X, Y)


@both
def test_modules_that_are_returned_again_are_not_trained_on(make, tmp_path):
    generator, head = nn.Sequential(nn.Linear(LATENT, 64), nn.Unflatten(1, (1, 8, 8))), linear(2)
    kept = {name: value.clone() for name, value in head.state_dict().items()}
    network = pair(lambda n_classes: head, generator)
    first, second = (make(network=network).fit(X, Y) for _ in range(2))
    assert same_state(weights(first), weights(second))
    assert same_state(head.state_dict(), kept)
    persistence.save(first, tmp_path / "m")
    one, other = (persistence.load(tmp_path / "m", networks=network) for _ in range(2))
    one.partial_fit(X, Y)
    assert same_state(weights(other), weights(first))


def test_an_error_of_the_function_given_to_load_is_not_the_file_s(tmp_path):
    persistence.save(sgan(network=pair(linear)).fit(X, Y), tmp_path / "m")

    def broken(input_shape, n_classes):
        raise ZeroDivisionError

    with pytest.raises(InvalidInputError, match=r"given as networks raised ZeroDivisionError\(\)"):
        persistence.load(tmp_path / "m", networks=broken)


def test_networks_that_were_fitted_predict_whatever_is_set_afterwards():
    class Narrow(nn.Linear):
        def forward(self, x):
            return super().forward(torch.cat([x[:, :32], torch.zeros(len(x), 32)], dim=1))

    rows = X.reshape(len(X), -1) / 255.0

    def networks(input_shape, n_classes):
        return nn.Linear(LATENT, 64), Narrow(64, n_classes)

    estimator = sgan(network=networks).fit(rows, Y)
    before = estimator.predict_proba(rows)
    after = estimator.set_params(network="auto").predict_proba(rows)
    assert (before == after).all()


def test_own_discriminator_may_answer_with_or_without_features():
    x = torch.rand(3, 6)
    logits, features = adapt_discriminator(nn.Linear(6, 2))(x)
    assert torch.equal(logits, features)

    class WithFeatures(nn.Module):
        def forward(self, x):
            return x[:, :2], x[:, :, None].expand(-1, -1, 2)

    logits, features = adapt_discriminator(WithFeatures())(x)
    assert logits.shape == (3, 2)
    assert features.shape == (3, 12)


def test_own_generator_may_bring_its_own_latent_law():
    assert adapt_generator(nn.Linear(4, 6), 4).sample_latent(2, generator_of()).shape == (
        2,
        4,
    )

    class Uniform(nn.Linear):
        latent_dim = 9

        def sample_latent(self, n, rng):
            return torch.rand(n, 9, generator=rng)

    own = adapt_generator(Uniform(9, 6), 4)
    z = own.sample_latent(50, generator_of())
    assert z.shape == (50, 9)
    assert z.min() >= 0
    assert own(z).shape == (50, 6)
