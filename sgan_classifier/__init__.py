"""Image classifiers that learn from a few labels and many unlabelled images, in scikit-learn's manner."""

__version__ = "0.1.0"
