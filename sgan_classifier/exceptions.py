"""Named warnings and errors, so that a script can catch or silence one of them and no other.

Beside these, scikit-learn's own checks raise ValueError and TypeError, and so do the functions of
`sgan_classifier.model_selection` for arguments that make no sense.
"""


class SGANClassifierWarning(UserWarning):
    """Base class of the warnings of this library."""


class NoUnlabeledRowsWarning(SGANClassifierWarning):
    """No row is unlabelled, so training has nothing to learn from beyond the labels.

    Mark rows with -1 in ``y`` or pass them as ``X_unlabeled``.
    """


class PoolCutWarning(SGANClassifierWarning):
    """``X_unlabeled`` is a bare array as long as ``X``, as one is that a search has cut.

    Pass it as ``UnlabeledPool(array)``.
    """


class InputScaleWarning(SGANClassifierWarning):
    """Images to predict are on another scale than those of ``fit``, as after ``X / 255``.

    They are many times as bright or as dark. Pass them in the units of ``fit``. Or, in ``fit``,
    labelled and unlabelled rows are on two scales, or a channel is that of opacity; or an image's
    own contrast is lost in the range of all pixels, as where a pixel without data holds -9999 or
    bytes use few of their levels; or that of a channel is, beside one in other units or,
    standardised, below a few extreme pixels. Or files of 8 and of 16 bits are converted into each
    other, and those of 16 hold no value of more than 14.
    """


class CompileFallbackWarning(SGANClassifierWarning):
    """``compile=True`` could not be honoured; training runs uncompiled, with equal results."""


class DivergenceError(RuntimeError):
    """A loss became NaN or infinite, or ended far above that of guessing.

    The message names the step and a remedy.
    """


class InvalidInputError(ValueError):
    """``X``, ``y``, ``X_unlabeled`` or a parameter cannot be used as it is.

    The message names the value seen and what to do.
    """


class UnreadableImageError(InvalidInputError):
    """An image file cannot be read; the message says which and why."""


class UnreadableImageWarning(SGANClassifierWarning):
    """Image files were left out; the message says which and why."""


class FewColoursWarning(SGANClassifierWarning):
    """Few image files of a folder are in colour, and make all others colour, too.

    Pass ``mode="grey"``, on the command line ``--colours grey``, or convert them.
    """


class DownloadError(OSError):
    """A file of a data set could not be downloaded, or is not the file it should be."""


class TrainingInterruptedWarning(SGANClassifierWarning):
    """Training was interrupted from the keyboard; the estimator is fitted with what it had."""


class ModelFileError(ValueError):
    """A file cannot be read as what it should be; its subclasses say why."""


class NotAModelFileError(ModelFileError):
    """The file was not written by this library, or not by the function whose counterpart reads."""


class DamagedFileError(ModelFileError):
    """The file has been cut off or altered since it was written."""


class NewerFormatError(ModelFileError):
    """The file was written by a later version of this library, in a format unknown to this one."""


class CheckpointError(ValueError):
    """`checkpoint_dir` belongs to another fit; the message says what differs."""


class CheckpointWriteError(OSError):
    """A checkpoint could not be written, as on a full disk; nothing that was learnt is lost."""


class ForkedThreadsError(RuntimeError):
    """A forked process cannot use the threads of torch that its parent had started.

    Call ``torch.set_num_threads(1)`` in it, or start processes by "spawn" or "forkserver".
    """


class TrainingHealthWarning(SGANClassifierWarning):
    """Training went wrong without an error; base class of the warnings that say how.

    They judge fits of at least 100 steps, by the last fifth of their records.
    """


class GeneratorCollapseWarning(TrainingHealthWarning):
    """The generator is dead or has collapsed: the rows that it makes are all alike."""


class DiscriminatorWinsWarning(TrainingHealthWarning):
    """The discriminator wins outright, so that the generated rows teach it nothing more."""


class DiscriminatorOverfitWarning(TrainingHealthWarning):
    """The discriminator has learnt its rows by heart, and takes held-out ones for generated.

    Measured where ``early_stopping`` holds rows out.
    """


class ChanceLevelWarning(TrainingHealthWarning):
    """The classifier is no better than naming one class always, on the rows it learnt from."""
