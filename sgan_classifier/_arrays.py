"""What is not a NumPy array yet: tensors, lists and other array-likes."""

from typing import Any

import numpy as np

from .exceptions import InvalidInputError


def to_array(values: Any, name: str) -> np.ndarray:
    """Return ``np.asarray(values)``.

    Parameters
    ----------
    values : array-like
    name : str
        What messages call it.

    Raises
    ------
    InvalidInputError
        If NumPy cannot read it: lists of rows of different shapes; tensors that are on a GPU, need
        a gradient, or have a dtype that NumPy lacks.
    """
    try:
        return np.asarray(values)
    except (TypeError, RuntimeError) as error:
        raise InvalidInputError(
            f"{name}, a {type(values).__name__}, cannot be read as an array: "
            f"{str(error).rstrip('.')}. Pass an array; for a tensor, "
            f"{name}.detach().cpu().float().numpy()."
        ) from error
    except ValueError as error:
        raise InvalidInputError(
            f"{name} is a list of rows of different shapes ({error}). Crop or resize the rows to "
            "one shape."
        ) from error
