"""SampleRecorder keeps what the generator makes of the same noise."""

import numpy as np
import pytest
from sklearn.base import clone
from tiny import cnn, few_labels, noise_images, same_state, sgan, weights

from sgan_classifier.callbacks import SampleRecorder
from sgan_classifier.exceptions import InvalidInputError

X, Y = noise_images(), few_labels()


def test_images_are_those_of_the_steps_asked_for():
    recorder = SampleRecorder(steps=(0, 2, 5, 99), n_samples=3)
    model = sgan(max_iter=5, callbacks=[recorder]).fit(X, Y)
    assert recorder.steps_ == [0, 2, 5]
    assert [images.shape for images in recorder.images_] == [(3, 8, 8, 1)] * 3
    assert not np.array_equal(recorder.images_[0], recorder.images_[2])
    model.set_params(callbacks=None)
    last = model.sample(3, random_state=0)  # uint8, as X is
    np.testing.assert_array_equal(last, np.clip(np.rint(recorder.images_[2][..., 0]), 0, 255))


def test_an_estimator_whose_recorder_has_recorded_can_be_cloned():
    model = sgan(max_iter=2, callbacks=[SampleRecorder(steps=(1,))]).fit(X, Y)
    copy = clone(model)
    assert not hasattr(copy.callbacks[0], "steps_")
    assert copy.fit(X, Y).callbacks[0].steps_ == [1]


def test_training_gives_the_same_weights_without_it(global_random_state_kept):
    recorder = SampleRecorder(steps=(1, 2))
    with_it = sgan(callbacks=[recorder]).fit(X, Y)
    assert same_state(weights(with_it), weights(sgan().fit(X, Y)))


def test_colour_images_keep_their_channels_last():
    recorder = SampleRecorder(steps=(1,), n_samples=2)
    sgan(callbacks=[recorder]).fit(noise_images(channels=3), Y)
    assert recorder.images_[0].shape == (2, 8, 8, 3)


def test_new_fit_starts_anew_and_a_warm_start_goes_on():
    recorder = SampleRecorder(steps=(1, 3, 4, 6))
    model = sgan(max_iter=3, callbacks=[recorder], warm_start=True).fit(X, Y)
    assert recorder.steps_ == [1, 3]
    model.fit(X, Y)
    assert recorder.steps_ == [1, 3, 4, 6]
    model.set_params(warm_start=False).fit(X, Y)
    assert recorder.steps_ == [1, 3]


def test_estimator_without_a_trained_generator_is_refused():
    for model in (cnn(), sgan(adversarial_weight=0.0)):
        with pytest.raises(InvalidInputError, match="needs a generator that is trained"):
            model.set_params(callbacks=[SampleRecorder()]).fit(X, Y)


def test_table_is_refused():
    model = sgan(callbacks=[SampleRecorder(steps=(1,))])
    with pytest.raises(InvalidInputError, match="X is a table of 64 features"):
        model.fit(X.reshape(len(X), -1).astype(np.float32), Y)
