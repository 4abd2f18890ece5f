"""Figures, as Displays in scikit-learn's manner. Matplotlib is imported when one is drawn."""

from ._certainty import CertaintyDisplay
from ._contact_sheet import ContactSheetDisplay
from ._label_efficiency import LabelEfficiencyDisplay
from ._samples import SamplesDisplay
from ._training_curve import TrainingCurveDisplay

__all__ = [
    "CertaintyDisplay",
    "ContactSheetDisplay",
    "LabelEfficiencyDisplay",
    "SamplesDisplay",
    "TrainingCurveDisplay",
]
