"""Splitters, label draws, pools and learning curves for data with unlabelled rows."""

from .._pool import UnlabeledPool
from ._curve import label_efficiency_curve
from ._curve_result import LabelEfficiencyCurve
from ._group_split import SemiSupervisedGroupKFold
from ._mask import mask_labels
from ._shuffle_split import SemiSupervisedShuffleSplit
from ._split import RepeatedSemiSupervisedKFold, SemiSupervisedKFold

__all__ = [
    "LabelEfficiencyCurve",
    "RepeatedSemiSupervisedKFold",
    "SemiSupervisedGroupKFold",
    "SemiSupervisedKFold",
    "SemiSupervisedShuffleSplit",
    "UnlabeledPool",
    "label_efficiency_curve",
    "mask_labels",
]
