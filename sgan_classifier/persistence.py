"""Save a fitted estimator to one file, and load it without running any code that the file holds.

A pickle, and joblib's files, run whatever code they hold when they are loaded, so load them only
from those you trust as you trust their programs. The files of `save` hold tensors and JSON. They
also outlast changes of this library, which pickles do not.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from . import _tensor_file
from ._base import BaseImageClassifier
from ._class_prior import check_class_prior
from ._cnn import CNNClassifier
from ._device import cpu_by_default, resolve_device
from ._layout import Layout
from ._net_state import net_state, restore_net
from ._own_code import check_own_code, decode_options, encode_options
from ._plain import decode, encode
from ._random import Streams, isolated_global_state
from ._scaling import Scaler
from ._sgan import SGANClassifier
from ._step import Settings
from ._threads import check_threads
from .exceptions import DamagedFileError, InvalidInputError

__all__ = ["load", "save"]

_KIND = "model"
_ESTIMATORS: dict[str, type[BaseImageClassifier]] = {
    kind.__name__: kind for kind in (SGANClassifier, CNNClassifier)
}
_FITTED = {
    "classes_",
    "n_features_in_",
    "feature_names_in_",
    "input_shape_",
    "n_threads_",
    "class_prior_",
    "pseudo_label_threshold_",
    "_seed",
}


# what a file can raise that was made to deceive: its checksum is right and its content is not
_DECEPTIONS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)


def save(estimator: Any, path: str | os.PathLike) -> None:
    """Save a fitted estimator.

    The file holds what is needed to predict, sample and transform as the estimator does, bit for
    bit on the same kind of machine, and to go on with `partial_fit` or ``warm_start=True`` as it
    would. It is written whole or not at all: after a crash, the file that was there before is
    still there.

    Code is not saved. Where `network` or `augment` is a function or `callbacks` holds any, give
    them to `load` again. `checkpoint_dir`, a place on this machine, is not saved either.

    Parameters
    ----------
    estimator : SGANClassifier or CNNClassifier
        Fitted.
    path : str or PathLike
        An existing file is replaced. By convention, it ends in ".safetensors".

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    InvalidInputError
        If it is of another class, or a parameter holds what only a pickle can keep.
    sklearn.utils._param_validation.InvalidParameterError
        If a parameter was set to what it cannot be.
    OSError
        If the file cannot be written, as on a full disk or where its folder is not there.

    See Also
    --------
    load : The way back.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_digits
    >>> from sgan_classifier import CNNClassifier, persistence
    >>> digits = load_digits()
    >>> model = CNNClassifier(max_iter=5, random_state=0)
    >>> model = model.fit(digits.images[:50], digits.target[:50])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "digits.safetensors"
    ...     persistence.save(model, path)
    ...     copy = persistence.load(path)
    >>> (copy.predict_proba(digits.images) == model.predict_proba(digits.images)).all()
    np.True_
    """
    name = type(estimator).__name__
    if _ESTIMATORS.get(name) is not type(estimator):
        raise InvalidInputError(
            f"save takes an SGANClassifier or a CNNClassifier, not {estimator!r}. Of a pipeline or "
            "a search, save its last step or best_estimator_; or pickle the whole."
        )
    check_is_fitted(estimator)
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"There is no folder {folder}. Make it, or pass another path.")
    estimator._validate_params()  # else load would refuse them
    net = estimator.net_
    scaler = net.scaler
    parameters = {**estimator.get_params(deep=False), "checkpoint_dir": None}
    prior = parameters.get("class_prior")
    if not isinstance(prior, str | list | tuple | np.ndarray | None):  # of pandas or torch
        parameters["class_prior"] = check_class_prior(prior, estimator.classes_)
    try:
        trained, tensors = net_state(net)
        content = {
            "estimator": name,
            "parameters": encode_options(parameters),
            "fitted": {
                key: encode(vars(estimator)[key]) for key in _FITTED if key in vars(estimator)
            },
            "built_with": encode_options(estimator._built_with),
            "layout": encode((estimator._layout.input_shape, estimator._layout.source)),
            "fit_dtype": str(estimator._fit_dtype) if hasattr(estimator, "_fit_dtype") else None,
            "settings": encode_options(vars(net.settings)),
            "n_features": net.n_features,
            "scaler": encode((scaler.typical_std, scaler.amplitude)),
            "trained": trained,
        }
    except TypeError as error:
        raise InvalidInputError(
            f"The estimator holds what a file of plain data cannot: {error}. Use plain values in "
            "its parameters, or pickle the estimator."
        ) from error
    tensors["scaler.offset"] = torch.from_numpy(np.asarray(scaler.offset, dtype=np.float64))
    tensors["scaler.scale"] = torch.from_numpy(np.asarray(scaler.scale, dtype=np.float64))
    _tensor_file.write(path, _KIND, content, tensors)


def load(
    path: str | os.PathLike,
    networks: Callable | None = None,
    *,
    augment: Callable | None = None,
    callbacks: list | None = None,
) -> SGANClassifier | CNNClassifier:
    """Load an estimator that `save` wrote.

    No code that the file might hold is run: it is read as JSON and tensors, and the networks are
    built by this library or by the function that you give.

    Parameters
    ----------
    path : str or PathLike
    networks : callable, optional
        The function that was the parameter `network`; needed where that was a function.
    augment : callable, optional
        The function that was the parameter `augment`; needed where that was a function.
    callbacks : list, optional
        In place of those that the estimator had; needed where it had any. An empty list goes on
        without.

    Returns
    -------
    SGANClassifier or CNNClassifier
        Fitted. With ``device="auto"`` it is on the GPU where there is one, and with the name of a
        device that is not here, on the CPU. Its networks are not compiled.

    Raises
    ------
    NotAModelFileError
        If the file was not written by `save`.
    NewerFormatError
        If it was written by a later version in a format that this one does not know.
    DamagedFileError
        If it is cut off or altered.
    InvalidInputError
        If a function that the estimator needs is not given, or makes other networks.
    OSError
        If the file cannot be opened.

    See Also
    --------
    save : The way there, with an example.
    """
    content, tensors = _tensor_file.read(path, _KIND)
    check_threads()
    own = {"network": networks, "augment": augment, "callbacks": callbacks}
    try:
        with cpu_by_default():
            return _build(content, tensors, own)
    except InvalidInputError:
        raise
    except _DECEPTIONS as error:
        raise DamagedFileError(
            f"{os.fspath(path)} does not hold a whole estimator ({error!r}), although its checksum "
            "is right. It was not written by save; do not use it."
        ) from error


def _build(content: dict, tensors: dict[str, Tensor], own: dict[str, Any]) -> Any:
    """Make the estimator and its net anew, and put into them what was saved."""
    from ._engine import SemiSupervisedNet  # with skorch, only when something is loaded

    kind = _ESTIMATORS[content["estimator"]]
    check_own_code([content[name] for name in ("parameters", "built_with", "settings")], own)
    estimator = kind(**decode_options(content["parameters"], own))
    estimator.checkpoint_dir = None  # a file shall not choose where this machine is written to
    estimator._validate_params()
    for name in _FITTED & content["fitted"].keys():
        setattr(estimator, name, decode(content["fitted"][name]))
    estimator._layout = Layout(*decode(content["layout"]))
    if content["fit_dtype"] is not None:
        estimator._fit_dtype = np.dtype(content["fit_dtype"])
    estimator._built_with = decode_options(content["built_with"], own)

    device = _device_here(estimator.device)
    typical_std, amplitude = decode(content["scaler"])
    scaler = Scaler(
        tensors["scaler.offset"].numpy(),
        tensors["scaler.scale"].numpy(),
        typical_std=typical_std,
        amplitude=amplitude,
    )
    streams = Streams.from_seed(0, device)
    n_classes = len(estimator.classes_)
    with isolated_global_state(estimator._seed, callable(estimator._built_with["network"])):
        try:
            generator, discriminator = kind(**estimator._built_with)._make_networks(
                estimator._layout, n_classes, scaler, streams
            )
        except Exception as error:
            if own["network"] is None or isinstance(error, InvalidInputError):
                raise
            raise InvalidInputError(
                f"The function given as networks raised {error!r}. Give the one that the estimator "
                "was fitted with."
            ) from error
    net = SemiSupervisedNet(
        discriminator,
        generator,
        n_classes,
        Settings(**decode_options(content["settings"], own)),
        scaler,
        streams,
        callbacks=estimator.callbacks,
        device=str(device),
        verbose=int(estimator.verbose),
    )
    net.initialize()
    net.n_features = content["n_features"]
    try:
        restore_net(net, content["trained"], tensors)
    except RuntimeError as error:
        if not callable(estimator._built_with["network"]):
            raise
        raise InvalidInputError(
            f"networks={own['network']!r} makes other networks than those that were saved: {error}"
        ) from error
    estimator.net_ = net
    estimator.n_iter_, estimator.history_ = net.n_steps_, net.records_
    estimator.precision_, estimator.device_ = net.settings.precision, net.device
    return estimator


def _device_here(device: str | torch.device) -> torch.device:
    """Return the device that the parameter names, or the CPU where there is none such."""
    try:
        return resolve_device(device)
    except InvalidInputError:
        return torch.device("cpu")
