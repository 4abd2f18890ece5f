"""Image classifiers that learn from a few labels and many unlabelled images, as in scikit-learn."""

from ._cnn import CNNClassifier
from ._sgan import SGANClassifier

__all__ = ["CNNClassifier", "SGANClassifier", "__version__"]

__version__ = "0.1.0"
