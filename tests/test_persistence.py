"""Saved estimators answer and go on as they would have."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import Callback
from tiny import both, cnn, few_labels, noise_images, same_state, sgan, weights
from torch import nn

from sgan_classifier import SGANClassifier, _tensor_file, persistence
from sgan_classifier.exceptions import InvalidInputError

X, Y = noise_images(), few_labels()
TABLE = X.reshape(len(X), -1).astype(float)
MODELS = Path(__file__).parent / "models"


def own_pair(input_shape, n_classes):
    generator = nn.Sequential(nn.Linear(4, 64), nn.BatchNorm1d(64), nn.Unflatten(1, input_shape))
    return generator, nn.Sequential(nn.Flatten(), nn.Linear(64, n_classes))


def own_augment(batch):
    return batch.flip(-1)


class OwnCallback(Callback):
    pass


def saved_and_loaded(estimator, path, **own):
    persistence.save(estimator, path)
    return persistence.load(path, **own)


def assert_answers_are_equal(first, second, rows):
    for method in ("predict", "predict_proba", "predict_log_proba", "transform"):
        mine, other = getattr(first, method)(rows), getattr(second, method)(rows)
        assert mine.dtype == other.dtype
        np.testing.assert_array_equal(mine, other)
    if isinstance(first, SGANClassifier):
        np.testing.assert_array_equal(first.realness(rows), second.realness(rows))
        if first.net_.settings.adversarial_weight:
            mine, other = (e.sample(3, random_state=0) for e in (first, second))
            assert mine.dtype == other.dtype
            np.testing.assert_array_equal(mine, other)


# ---------------------------------------------------------------------- there and back

VARIANTS = {
    "images": (X, {}),
    "table": (TABLE, {}),
    "flat images": (TABLE, {"image_shape": (8, 8)}),
    "colour": (noise_images(channels=3), {"scaling": "standard"}),
    "unit": (X / 255.0, {"scaling": "unit", "augment": ("flip", "cutout")}),
    "no scaling": (X / 255.0, {"scaling": None, "optimizer_params": {"weight_decay": 0.1}}),
    "study": (X, {"network": "crater2021", "class_weight": {0: 2.0, 1: 1.0}}),
    "bf16": (X, {"precision": "bf16"}),
    "devices": (X, {"device": torch.device("cpu"), "batch_size": np.int64(8)}),
    "validated": (X, {"early_stopping": True, "validation_fraction": 0.5}),
    "unseeded": (X, {"random_state": None}),
}


@both
@pytest.mark.parametrize(("rows", "params"), VARIANTS.values(), ids=VARIANTS)
def test_loaded_estimator_answers_and_goes_on_as_the_saved_one(make, rows, params, tmp_path):
    estimator = make(**params, warm_start=True).fit(rows, Y)
    loaded = saved_and_loaded(estimator, tmp_path / "model.safetensors")
    assert type(loaded) is type(estimator)
    assert loaded.get_params() == estimator.get_params()
    assert {k: type(v) for k, v in loaded.get_params().items()} == {
        k: type(v) for k, v in estimator.get_params().items()
    }
    assert vars(loaded).keys() == vars(estimator).keys()
    assert vars(loaded.net_).keys() == vars(estimator.net_).keys()
    for name in ("history_", "n_iter_", "precision_", "device_", "n_threads_", "input_shape_"):
        assert getattr(loaded, name) == getattr(estimator, name), name
    assert loaded.net_.history == estimator.net_.history
    assert loaded.history_ is loaded.net_.records_
    assert_answers_are_equal(estimator, loaded, rows)
    for goes_on in (estimator, loaded):
        goes_on.partial_fit(rows, Y).fit(rows, Y)
    assert same_state(weights(estimator), weights(loaded))
    assert loaded.n_iter_ == estimator.n_iter_


@pytest.mark.parametrize(
    "names",
    [
        np.array([3, 7]),
        np.array([3, 7], dtype=np.int8),
        np.array([0, 2**64 - 1], dtype=np.uint64),
        np.array([False, True]),
        np.array([1.0, 2.0], dtype=np.float16),
        np.array(["crater", "plain"]),
        np.array(["crater", "\ud800 \0 é"], dtype=object),
    ],
    ids=lambda names: str(names.dtype),
)
def test_classes_of_every_kind_come_back(names, tmp_path):
    estimator = cnn().fit(X, names[np.arange(len(X)) % 2])
    loaded = saved_and_loaded(estimator, tmp_path / "model.safetensors")
    assert loaded.classes_.dtype == estimator.classes_.dtype
    assert loaded.classes_.tolist() == estimator.classes_.tolist()
    np.testing.assert_array_equal(loaded.predict(X), estimator.predict(X))


def test_names_of_columns_come_back(tmp_path):
    frame = pd.DataFrame(TABLE[:, :3], columns=["a", "b", "c"])
    loaded = saved_and_loaded(cnn().fit(frame, Y), tmp_path / "model.safetensors")
    assert loaded.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(frame[["a", "c", "b"]])


def test_passes_go_on_with_the_label_counts(tmp_path):
    estimator = sgan().partial_fit(X, Y)
    loaded = saved_and_loaded(estimator, tmp_path / "model.safetensors")
    for goes_on in (estimator, loaded):
        goes_on.partial_fit(X, np.full(len(X), -1))
        goes_on.partial_fit(X, Y)
    np.testing.assert_array_equal(loaded.net_.label_counts_, estimator.net_.label_counts_)
    assert same_state(weights(estimator), weights(loaded))


def test_random_state_instance_goes_on(tmp_path):
    estimator = cnn(random_state=np.random.RandomState(3)).fit(X, Y)
    loaded = saved_and_loaded(estimator, tmp_path / "model.safetensors")
    assert same_state(weights(loaded.fit(X, Y)), weights(estimator.fit(X, Y)))


def test_class_prior_of_a_series_is_saved_in_the_order_of_the_classes(tmp_path):
    shares = pd.Series({1: 0.75, 0: 0.25})
    estimator = sgan(class_prior=shares, warm_start=True).fit(X, Y)
    loaded = saved_and_loaded(estimator, tmp_path / "model.safetensors")
    assert loaded.class_prior.tolist() == [0.25, 0.75]
    assert estimator.class_prior is shares
    assert same_state(weights(loaded.fit(X, Y)), weights(estimator.fit(X, Y)))


@pytest.mark.parametrize("kind", [pd.Index, pd.array, torch.tensor])
def test_class_prior_of_any_array_is_saved(kind, tmp_path):
    estimator = sgan(class_prior=kind([0.25, 0.75])).fit(X, Y)
    loaded = saved_and_loaded(estimator, tmp_path / "model.safetensors")
    assert loaded.class_prior.tolist() == [0.25, 0.75]


def test_parameters_changed_after_fit_change_no_network(tmp_path):
    estimator = sgan().fit(X, Y).set_params(width=7, network="crater2021", latent_dim=3)
    loaded = saved_and_loaded(estimator, tmp_path / "model.safetensors")
    assert loaded.width == 7
    assert_answers_are_equal(estimator, loaded, X)


def test_loaded_estimator_can_be_saved_again(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    persistence.save(sgan().fit(X, Y), first)
    persistence.save(persistence.load(first), second)
    contents, tensors = zip(*(_tensor_file.read(p, "model") for p in (first, second)), strict=True)
    assert contents[0] == contents[1]
    assert same_state(*tensors)


def test_clone_of_a_loaded_estimator_fits_to_the_same_weights(tmp_path):
    estimator = sgan().fit(X, Y)
    loaded = saved_and_loaded(estimator, tmp_path / "model.safetensors")
    assert same_state(weights(clone(loaded).fit(X, Y)), weights(estimator))


def test_estimator_of_an_absent_device_is_loaded_on_the_cpu(tmp_path):
    path = tmp_path / "model.safetensors"
    persistence.save(sgan(device="auto").fit(X, Y), path)
    content, tensors = _tensor_file.read(path, "model")
    content["parameters"]["device"] = "cuda:99"  # as saved on a machine of many GPUs
    streams = content["trained"]["streams"]["dict"]
    streams[[key for key, _ in streams].index("device")][1] = "cuda"
    for name in ("streams.noise", "streams.weights"):
        tensors[name] = torch.arange(16, dtype=torch.uint8)  # as long as a GPU's
    _tensor_file.write(path, "model", content, tensors)
    loaded = persistence.load(path)
    assert (loaded.device_, loaded.device) == ("cpu", "cuda:99")
    assert loaded.predict(X).shape == (len(X),)
    assert loaded.set_params(warm_start=True, device="cpu").fit(X, Y).n_iter_ == 6


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_estimator_of_a_gpu_answers_alike_on_the_cpu(tmp_path):
    estimator = sgan(device="cuda").fit(X, Y)
    path = tmp_path / "model.safetensors"
    assert_answers_are_equal(estimator, saved_and_loaded(estimator, path), X)
    content, tensors = _tensor_file.read(path, "model")
    content["parameters"]["device"] = "cpu"
    _tensor_file.write(path, "model", content, tensors)
    on_cpu = persistence.load(path)
    assert on_cpu.device_ == "cpu"
    np.testing.assert_allclose(
        on_cpu.predict_proba(X), estimator.predict_proba(X), rtol=1e-3, atol=1e-5
    )


# ---------------------------------------------------------------------- code of the user's


@both
def test_own_code_is_passed_back(make, tmp_path):
    own = {"network": own_pair, "augment": own_augment, "callbacks": [OwnCallback()]}
    estimator = make(**own, warm_start=True).fit(X, Y)
    path = tmp_path / "model.safetensors"
    before = torch.get_rng_state()
    loaded = saved_and_loaded(
        estimator, path, networks=own_pair, augment=own_augment, callbacks=[OwnCallback()]
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert loaded.network is own_pair
    assert loaded.augment is own_augment
    assert len(loaded.net_.callbacks_) == 1
    assert_answers_are_equal(estimator, loaded, X)
    assert same_state(weights(loaded.fit(X, Y)), weights(estimator.fit(X, Y)))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"network": own_pair}, "network of your own.*networks=..."),
        ({"augment": own_augment}, "augment of your own.*augment=..."),
        ({"callbacks": [OwnCallback()]}, "callbacks of your own.*callbacks=..."),
    ],
    ids=["network", "augment", "callbacks"],
)
def test_own_code_that_is_not_passed_back_is_named(params, message, tmp_path):
    persistence.save(sgan(**params).fit(X, Y), tmp_path / "model")
    with pytest.raises(InvalidInputError, match=message):
        persistence.load(tmp_path / "model")


def test_own_code_where_there_was_none_is_refused(tmp_path):
    persistence.save(sgan().fit(X, Y), tmp_path / "model")
    with pytest.raises(InvalidInputError, match="saved with no network of your own"):
        persistence.load(tmp_path / "model", networks=own_pair)


def test_other_networks_than_the_saved_ones_are_refused(tmp_path):
    def other_pair(input_shape, n_classes):
        return own_pair(input_shape, n_classes)[0], nn.Sequential(nn.Flatten(), nn.Linear(64, 5))

    persistence.save(sgan(network=own_pair).fit(X, Y), tmp_path / "model")
    with pytest.raises(InvalidInputError, match="makes other networks than those that were saved"):
        persistence.load(tmp_path / "model", networks=other_pair)


# ---------------------------------------------------------------------- what cannot be saved


def test_unfitted_estimator_is_refused(tmp_path):
    with pytest.raises(NotFittedError):
        persistence.save(sgan(), tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_other_estimators_are_refused_with_the_remedy(tmp_path):
    class Own(SGANClassifier):
        pass

    pipeline = make_pipeline(StandardScaler(), cnn()).fit(TABLE, Y)
    for estimator in (pipeline, Own(max_iter=1, width=4).fit(X, Y), SGANClassifier):
        with pytest.raises(InvalidInputError, match=r"(?s)save takes.*best_estimator_"):
            persistence.save(estimator, tmp_path / "model")


def test_values_that_are_no_plain_data_are_refused(tmp_path):
    estimator = cnn().fit(X, Y).set_params(optimizer_params={"eps": torch.tensor(1e-8)})
    with pytest.raises(InvalidInputError, match=r"tensor\(1.0000e-08\) of type Tensor.*pickle"):
        persistence.save(estimator, tmp_path / "model")
    with pytest.raises(InvalidParameterError, match="width"):
        persistence.save(cnn().fit(X, Y).set_params(width=-1), tmp_path / "model")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------- models of the past


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.safetensors")), ids=lambda path: path.stem)
def test_model_of_an_earlier_version_answers_as_it_did(path):
    loaded = persistence.load(path)
    expected = np.load(path.with_suffix(".npz"))
    images = expected["images"]
    assert loaded.score(images, expected["predict"]) == 1.0
    for method in ("predict_proba", "realness", "transform"):
        np.testing.assert_allclose(
            getattr(loaded, method)(images), expected[method], rtol=1e-4, atol=1e-6
        )
    # grey levels: on another processor one may fall on the other side of a half
    difference = loaded.sample(2, random_state=0).astype(int) - expected["sample"]
    assert np.abs(difference).max() <= 1
    n_steps = loaded.n_iter_
    assert loaded.partial_fit(images, expected["predict"]).n_iter_ > n_steps


def test_a_model_of_this_format_is_kept():
    kept = [json.loads(p.with_suffix(".json").read_text()) for p in MODELS.glob("*.safetensors")]
    assert any(about["format_version"] == _tensor_file.FORMAT_VERSION for about in kept)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    model = sgan(max_iter=1).fit(noise_images(), few_labels())
    with pytest.raises(FileNotFoundError, match=r"There is no folder .*missing\. Make it"):
        persistence.save(model, tmp_path / "missing" / "m")
