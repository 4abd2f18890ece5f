"""The commands of `sgan-classifier`, one module each; a new one is added to `COMMANDS`."""

from collections.abc import Callable

from .benchmark import benchmark
from .demo import demo
from .evaluate import evaluate
from .fit import fit
from .predict import predict
from .scan import scan
from .suggest import suggest

#: In the order in which the help names them.
COMMANDS: tuple[Callable[..., None], ...] = (
    fit,
    predict,
    evaluate,
    suggest,
    scan,
    benchmark,
    demo,
)
