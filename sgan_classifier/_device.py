"""Device and precision: "auto" resolved, failures that say what to do, and what CUDA needs."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import ClassVar

import torch
from torch import Tensor

from .exceptions import InvalidInputError

PRECISIONS = ("fp32", "bf16")
# tiles of a CPU, which multiply matrices of bf16
HAS_AMX = bool(getattr(torch.cpu, "_is_amx_tile_supported", bool)())


@contextmanager
def cpu_by_default() -> Iterator[None]:
    """Make tensors on the CPU where none is named, whatever `torch.set_default_device` says."""
    if torch.get_default_device().type == "cpu":  # else every call of torch would take longer
        yield
    else:
        with torch.device("cpu"):
            yield


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
        torch.empty(1, device=resolved).cpu()
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        if "Expected one of" in reason:  # all that torch was ever made for
            reason = "torch knows no such device"
        raise InvalidInputError(
            f"device={device!r} cannot be used: {reason.rstrip('.')}. "
            'Use device="cpu", or device="auto" for the best that is there.'
        ) from error
    return resolved


def resolve_precision(precision: str, device: torch.device, is_image: bool) -> str:
    """Return "fp32" or "bf16".

    Parameters
    ----------
    precision : {"auto", "fp32", "bf16"}
        "auto" takes bf16 autocast for images where the hardware multiplies bf16 natively: CUDA
        devices that report it, and CPUs with AMX, or with AVX-512 BF16 of another maker than
        Intel, whose own was slower than fp32 when it was tried. Elsewhere bf16 is slower than fp32.
        The matrices of feature tables are too small to gain.
    device : torch.device
    is_image : bool
    """
    if precision != "auto":
        return precision
    return "bf16" if is_image and _multiplies_bf16(device) else "fp32"


def _multiplies_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return HAS_AMX or (
            getattr(torch.cpu, "_is_avx512_bf16_supported", bool)() and "Intel" not in _cpu_name()
        )
    return False


def _cpu_name() -> str:
    """Return the CPU's name, maker first; "" from versions of torch that do not know it."""
    if not hasattr(torch.cpu, "get_capabilities"):
        return ""
    return str(torch.cpu.get_capabilities().get("cpu_name", ""))


@contextmanager
def exact_kernels(device: torch.device) -> Iterator[None]:
    """Compute with CUDA's convolutions as asked: no TF32 for float32, the same sum at every call.

    Torch's defaults round float32 to ten bits of significand there, and let the library choose
    algorithms whose order of summation changes from run to run. The switches are the process's: the
    first thread to come turns them, the last to go turns them back. TF32 that was switched on or
    off by torch's newer names (``torch.backends.cudnn.conv.fp32_precision``) stays as it is.
    """
    if device.type != "cuda":
        yield
        return
    _exact.enter()
    try:
        yield
    finally:
        _exact.leave()


class _ExactKernels:
    """How many are computing with exact kernels, and what to go back to."""

    WANTED: ClassVar[dict[str, bool]] = {
        "benchmark": False,
        "deterministic": True,
        "allow_tf32": False,
    }

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.n_inside = 0
        self.before: dict[str, bool] = {}

    def enter(self) -> None:
        with self.lock:
            if self.n_inside == 0:
                cudnn = torch.backends.cudnn
                self.before = {
                    name: getattr(cudnn, name) for name in ("benchmark", "deterministic")
                }
                with suppress(RuntimeError):  # raised where it was set by one of the newer names
                    self.before["allow_tf32"] = cudnn.allow_tf32
                _set_cudnn({name: self.WANTED[name] for name in self.before})
            self.n_inside += 1

    def leave(self) -> None:
        with self.lock:
            self.n_inside -= 1
            if self.n_inside == 0:
                _set_cudnn(self.before)


def _set_cudnn(switches: dict[str, bool]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of torch, of its newer names
        for name, value in switches.items():
            setattr(torch.backends.cudnn, name, value)


_exact = _ExactKernels()


class Dial:
    """A number that changes from step to step, where a step's work finds it.

    Attributes
    ----------
    value : float or Tensor of shape ()
        On CUDA a tensor, always the same one, so that the work can be recorded once and repeated.
    """

    value: float | Tensor

    def __init__(self, device: torch.device) -> None:
        self.value = (
            torch.zeros((), device=device, dtype=torch.float32) if device.type == "cuda" else 0.0
        )

    def set(self, value: float) -> None:
        if isinstance(self.value, Tensor):
            self.value.fill_(value)
        else:
            self.value = value
