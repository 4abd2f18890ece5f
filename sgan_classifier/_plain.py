"""Python and NumPy values as JSON, without loss: what is read back is equal and of the same type.

A JSON object always holds one entry, whose name says what the value is; numbers, strings, booleans,
None and lists stand for themselves. Only the kinds listed here can be read, so a file can make
nothing else, and run nothing.
"""

from typing import Any

import numpy as np
import torch


def encode(value: Any) -> Any:
    """Return what `json.dumps` can write.

    Parameters
    ----------
    value : None, bool, int, float, str, list, tuple, dict, ndarray, NumPy number, torch.device or \
RandomState
        Arrays hold booleans, numbers or strings.

    Raises
    ------
    TypeError
        If there is anything else in `value`.

    Examples
    --------
    >>> from sgan_classifier._plain import decode, encode
    >>> encode({1: (2.5, "a")})
    {'dict': [[1, {'tuple': [2.5, 'a']}]]}
    >>> decode(_)
    {1: (2.5, 'a')}
    """
    if isinstance(value, np.ndarray | np.generic):
        return {"array": _encode_array(np.asarray(value))}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, torch.device):
        return {"device": str(value)}
    if isinstance(value, np.random.RandomState):
        return {"RandomState": encode(value.get_state(legacy=False))}
    raise TypeError(f"{value!r} of type {type(value).__name__}")


def decode(value: Any) -> Any:
    """Return what `encode` was given.

    Raises
    ------
    ValueError, TypeError
        If `value` does not come from `encode`.
    """
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return _decode_array(**content)
    if kind == "tuple":
        return tuple(decode(item) for item in content)
    if kind == "dict":
        return {decode(key): decode(item) for key, item in content}
    if kind == "device":
        return torch.device(content)
    if kind == "RandomState":
        random_state = np.random.RandomState()
        random_state.set_state(decode(content))
        return random_state
    raise ValueError(f"{kind!r} is no kind of value")


def _encode_array(array: np.ndarray) -> dict:
    is_long_double = array.dtype.kind == "f" and array.dtype.itemsize > 8
    if array.dtype.kind not in "biufUO" or is_long_double:
        raise TypeError(f"an array of dtype {array.dtype}")
    if array.dtype.kind == "O" and not all(isinstance(item, str) for item in array.flat):
        raise TypeError("an array of objects that are not all strings")
    dtype = "object" if array.dtype.kind == "O" else array.dtype.str
    return {"dtype": dtype, "shape": list(array.shape), "values": array.ravel().tolist()}


def _decode_array(dtype: str, shape: list, values: list) -> Any:
    if dtype != "object" and np.dtype(dtype).kind not in "biufU":
        raise ValueError(f"an array of dtype {dtype!r}")
    array = np.array(values, dtype=np.dtype(dtype)).reshape(shape)
    return array[()] if array.ndim == 0 else array
