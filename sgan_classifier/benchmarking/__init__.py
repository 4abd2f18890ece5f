"""The code behind `benchmarks/`: data, methods, runs that can be stopped, and generated reports."""

from ._command import label_efficiency_main, study_main
from ._contenders import make_contenders
from ._data import BenchmarkData, load_benchmark_data
from ._epochs import EpochBudget
from ._label_efficiency import parse_labels, run_label_efficiency
from ._report import label_efficiency_report, update_readme
from ._study import run_study, study_report

__all__ = [
    "BenchmarkData",
    "EpochBudget",
    "label_efficiency_main",
    "label_efficiency_report",
    "load_benchmark_data",
    "make_contenders",
    "parse_labels",
    "run_label_efficiency",
    "run_study",
    "study_main",
    "study_report",
    "update_readme",
]
