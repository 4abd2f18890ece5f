import shutil

import numpy as np
import pytest
import torch
from tiny import both, digits, few_labels, noise_images, same_state, sgan, weights

from sgan_classifier import _device
from sgan_classifier._device import resolve_device, resolve_precision
from sgan_classifier.exceptions import CompileFallbackWarning, InvalidInputError

X, Y = noise_images(), few_labels()


def test_auto_takes_cuda_where_there_is_one():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto").type == expected


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_named_devices_are_taken_as_they_are(device):
    assert resolve_device(device) == torch.device("cpu")


@both
@pytest.mark.parametrize("device", ["abacus", "cuda:99"])
def test_unusable_device_is_an_error_that_names_it_and_the_remedy(make, device):
    estimator = make(device=device)
    with pytest.raises(InvalidInputError, match=rf"device='{device}' cannot be used: .*\. Use dev"):
        estimator.fit(X, Y)
    assert not hasattr(estimator, "net_")


@pytest.mark.parametrize("native", [False, True])
def test_auto_precision_is_bf16_only_for_images_where_the_hardware_multiplies_it(
    monkeypatch, native
):
    monkeypatch.setattr(_device, "_multiplies_bf16", lambda device: native)
    cpu = torch.device("cpu")
    assert resolve_precision("auto", cpu, is_image=True) == ("bf16" if native else "fp32")
    assert resolve_precision("auto", cpu, is_image=False) == "fp32"
    assert resolve_precision("bf16", cpu, is_image=False) == "bf16"
    assert resolve_precision("fp32", cpu, is_image=True) == "fp32"


def test_hardware_is_asked_without_failing():
    assert _device._multiplies_bf16(torch.device("cpu")) in (True, False)
    assert _device._multiplies_bf16(torch.device("meta")) is False


@pytest.mark.parametrize(
    ("has_amx", "has_avx512_bf16", "name", "expected"),
    [
        (True, True, "Intel Xeon", True),
        (False, True, "AMD EPYC", True),
        (False, True, "Intel Xeon", False),
        (False, False, "AMD EPYC", False),
    ],
)
def test_a_cpu_multiplies_bf16_by_amx_or_by_avx512_that_is_not_intels(
    monkeypatch, has_amx, has_avx512_bf16, name, expected
):
    monkeypatch.setattr(_device, "HAS_AMX", has_amx)
    monkeypatch.setattr(
        torch.cpu, "_is_avx512_bf16_supported", lambda: has_avx512_bf16, raising=False
    )
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"cpu_name": name}, raising=False)
    assert _device._multiplies_bf16(torch.device("cpu")) is expected


@both
def test_fitted_estimator_says_where_and_how_it_was_trained(make):
    estimator = make(device="cpu", precision="fp32").fit(X, Y)
    assert estimator.device_ == "cpu"
    assert estimator.precision_ == "fp32"
    assert estimator.n_threads_ == torch.get_num_threads()
    assert make(precision="bf16").fit(X, Y).precision_ == "bf16"
    assert make(precision="auto").fit(X, Y).precision_ in ("fp32", "bf16")


@both
def test_bf16_training_predicts_close_to_fp32_training(make):
    images, true, masked = digits(100)
    params = {"max_iter": 60, "batch_size": 32, "width": 8, "augment": None}
    fp32, bf16 = (make(precision=p, **params).fit(images, masked) for p in ("fp32", "bf16"))
    first, second = fp32.predict_proba(images[:500]), bf16.predict_proba(images[:500])
    assert second.dtype == np.float64
    assert not np.array_equal(first, second)  # it did train in bf16
    assert np.abs(first - second).mean() < 0.03
    assert (first.argmax(1) == second.argmax(1)).mean() > 0.9
    assert bf16.score(images[:500], true[:500]) > fp32.score(images[:500], true[:500]) - 0.05


@both
def test_weights_stay_in_float32_under_bf16(make):
    estimator = make(precision="bf16").fit(X, Y)
    assert {p.dtype for p in estimator.net_.module_.parameters()} == {torch.float32}


HAS_COMPILER = any(shutil.which(name) for name in ("g++", "c++", "clang++"))
ignore_torch_s_own_deprecations = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@ignore_torch_s_own_deprecations
@pytest.mark.skipif(HAS_COMPILER, reason="a C++ compiler is installed")
@both
def test_compile_without_a_compiler_warns_and_trains_to_equal_weights(make):
    message = r"compile=True has no effect: .*compile=False"
    with pytest.warns(CompileFallbackWarning, match=message) as caught:
        compiled = make(compile=True).fit(X, Y)
    assert caught[0].filename == __file__  # the warning points at the caller's line
    assert same_state(weights(compiled), weights(make().fit(X, Y)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")
@ignore_torch_s_own_deprecations
@pytest.mark.skipif(not HAS_COMPILER, reason="no C++ compiler here")
def test_compiled_networks_train_to_close_predictions():
    plain, compiled = (sgan(compile=c).fit(X, Y).predict_proba(X) for c in (False, True))
    np.testing.assert_allclose(compiled, plain, atol=1e-4)
