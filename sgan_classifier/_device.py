"""Device and precision: "auto" resolved, and failures that say what to do."""

import torch

from .exceptions import InvalidInputError

PRECISIONS = ("fp32", "bf16")


def resolve_device(device: str | torch.device) -> torch.device:
    """Return the torch device to train on.

    Parameters
    ----------
    device : str or torch.device
        "auto" takes CUDA where there is one, else the CPU. Otherwise any name torch knows, such as
        "cpu", "cuda", "cuda:1", "mps".

    Raises
    ------
    InvalidInputError
        If torch does not know the device, or cannot use it here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(1, device=resolved)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidInputError(
            f"device={device!r} cannot be used: {reason} "
            'Use device="cpu", or device="auto" for the best that is there.'
        ) from error
    return resolved


def resolve_precision(precision: str, device: torch.device) -> str:
    """Return "fp32" or "bf16".

    Parameters
    ----------
    precision : {"auto", "fp32", "bf16"}
        "auto" takes bf16 autocast where the hardware has matrix units for it: CUDA devices that
        report bf16, and CPUs with AMX. Elsewhere bf16 can be slower than fp32.
    device : torch.device
    """
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type == "cpu":
        has_amx = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        return "bf16" if has_amx() else "fp32"
    return "fp32"
