"""From `random_state` to generators of our own; the global ones stay as they were."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state


def draw_seed(random_state: int | np.random.RandomState | None) -> int:
    """Return a seed in [0, 2**31).

    Parameters
    ----------
    random_state : int, RandomState or None
        An int is its own seed. A RandomState gives its next number. None asks the operating system,
        and so leaves NumPy's global state alone.
    """
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    if isinstance(random_state, int | np.integer) and 0 <= random_state < 2**31:
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


@dataclass
class Streams:
    """The sources of randomness of one training run.

    Attributes
    ----------
    labeled_index, pool_index : numpy.random.Generator
        Draw which rows come into a batch. Two of them, so that the labelled batches are the same
        with and without unlabelled rows.
    weights, noise : torch.Generator
        Initial weights; and latent noise, augmentation, dropout and input noise, on the device.
    """

    labeled_index: np.random.Generator
    pool_index: np.random.Generator
    weights: torch.Generator
    noise: torch.Generator

    @classmethod
    def from_seed(cls, seed: int, device: torch.device) -> "Streams":
        # one sequence each, so that no seed's weights are another seed's noise
        labeled, pool, weights, noise = np.random.SeedSequence(seed).spawn(4)

        def torch_generator(sequence: np.random.SeedSequence) -> torch.Generator:
            state = int(sequence.generate_state(1, np.uint64)[0])
            return torch.Generator(device).manual_seed(state)

        return cls(
            np.random.default_rng(labeled),
            np.random.default_rng(pool),
            torch_generator(weights),
            torch_generator(noise),
        )

    def state(self) -> tuple[dict, dict[str, torch.Tensor]]:
        """Return where the streams are: NumPy's as a dict, torch's as tensors."""
        numbers = {
            name: getattr(self, name).bit_generator.state
            for name in ("labeled_index", "pool_index")
        }
        tensors = {f"streams.{n}": getattr(self, n).get_state() for n in ("weights", "noise")}
        return {**numbers, "device": self.noise.device.type}, tensors

    def restore(self, numbers: dict, tensors: dict[str, torch.Tensor]) -> None:
        """Go on from where `state` was taken; with fresh noise if that was another kind of device.

        A GPU's generators and the CPU's do not make the same numbers.
        """
        for name in ("labeled_index", "pool_index"):
            getattr(self, name).bit_generator.state = numbers[name]
        for name in ("weights", "noise"):
            generator, state = getattr(self, name), tensors[f"streams.{name}"]
            if numbers["device"] == self.noise.device.type:
                generator.set_state(state)
            else:
                generator.manual_seed(int(state.sum()))

    def __getstate__(self) -> dict:
        state = self.__dict__.copy()
        for name in ("weights", "noise"):
            generator = state[name]
            # as an array: of a tensor, joblib.hash makes another hash each time
            state[name] = (str(generator.device), generator.get_state().numpy())
        return state

    def __setstate__(self, state: dict) -> None:
        for name in ("weights", "noise"):
            device, generator_state = state[name][0], torch.from_numpy(state[name][1])
            try:
                generator = torch.Generator(device)
                generator.set_state(generator_state)
            except RuntimeError:  # saved on a device that is not here: go on with fresh noise
                generator = torch.Generator().manual_seed(int(generator_state.sum()))
            state[name] = generator
        self.__dict__.update(state)


def derived_seed(seed: int, number: int) -> int:
    """Return another seed for each number above 0, and `seed` itself for 0."""
    if number == 0:
        return seed
    return int(np.random.SeedSequence((seed, number)).generate_state(1)[0])


@contextmanager
def isolated_global_state(
    seed: int, active: bool = True, device: str | torch.device = "cpu"
) -> Iterator[None]:
    """Seed the global generators of torch and NumPy, and put them back at the end.

    Only code of the user's (networks, augmentations) draws from them, so this is entered only where
    there is such code. The state is the process's: fits in other threads are not kept apart, but
    the last of them puts back what the first has found.

    Parameters
    ----------
    seed : int
    active : bool, default=True
        False does nothing.
    device : str or torch.device, default="cpu"
        Where the code of the user's computes, or "auto".
    """
    if not active:
        yield
        return
    if not str(device).startswith("cpu") and torch.cuda.is_available():
        torch.cuda.init()  # later, its generators would begin with our seed
    _found.keep()
    try:
        _seed_torch(seed)
        np.random.seed(seed)  # noqa: NPY002 (the global state is the point)
        yield
    finally:
        _found.put_back()


def _seed_torch(seed: int) -> None:
    """Seed the generators that are put back, and none that were not used so far.

    `torch.manual_seed` would have GPUs begin with our seed whenever they are first used.
    """
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)


class _FoundState:
    """Where the global generators were, and how many fits are drawing from them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.n_inside = 0
        self.numpy: Any = None
        self.torch: Any = None
        self.cuda: list[torch.Tensor] = []
        self.mps: torch.Tensor | None = None

    def keep(self) -> None:
        with self.lock:
            if self.n_inside == 0:
                self.numpy = np.random.get_state()  # noqa: NPY002
                self.torch, self.cuda = torch.get_rng_state(), []
                if torch.backends.mps.is_available():
                    self.mps = torch.mps.get_rng_state()
            if torch.cuda.is_initialized() and not self.cuda:
                self.cuda = torch.cuda.get_rng_state_all()
            self.n_inside += 1

    def put_back(self) -> None:
        with self.lock:
            self.n_inside -= 1
            if self.n_inside == 0:
                np.random.set_state(self.numpy)  # noqa: NPY002
                torch.set_rng_state(self.torch)
                torch.cuda.set_rng_state_all(self.cuda)
                if self.mps is not None:
                    torch.mps.set_rng_state(self.mps)


_found = _FoundState()
