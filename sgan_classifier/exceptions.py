"""Named warnings and errors.

Everything that the library raises or warns about on its own account is one of these, so that a
script can catch or silence one of them and no other.
"""


class SGANClassifierWarning(UserWarning):
    """Base class of the warnings of this library."""


class NoUnlabeledRowsWarning(SGANClassifierWarning):
    """No row is unlabelled, so training has nothing to learn from beyond the labels.

    Mark rows with -1 in ``y`` or pass them as ``X_unlabeled``.
    """


class TrainingHealthWarning(SGANClassifierWarning):
    """Training ended, but went wrong on the way; the message says how and what to change.

    Examples are a generator that makes one image only, a discriminator that tells real from
    generated without error, and a discriminator that overfits the labelled rows.
    """


class CompileFallbackWarning(SGANClassifierWarning):
    """``compile=True`` could not be honoured; training runs uncompiled, with equal results."""


class DivergenceError(RuntimeError):
    """A loss became NaN or infinite; the message names the step and a remedy."""


class InvalidInputError(ValueError):
    """``X``, ``y``, ``image_shape`` or ``X_unlabeled`` cannot be used as it is.

    The message names the value seen and what to do.
    """


class TrainingInterruptedWarning(SGANClassifierWarning):
    """Training was interrupted from the keyboard; the estimator is fitted with what it had."""
