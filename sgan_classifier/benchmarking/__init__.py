"""The code behind `benchmarks/`: data, methods, runs that can be stopped, and generated reports."""

from ._active import hold_out_groups, run_active
from ._active_report import active_report
from ._command import active_main, label_efficiency_main, study_main
from ._contenders import make_contenders
from ._data import BenchmarkData, load_benchmark_data
from ._epochs import EpochBudget
from ._label_efficiency import parse_labels, run_label_efficiency
from ._report import label_efficiency_report, update_readme
from ._scan import run_scan
from ._scan_command import scan_main
from ._scan_report import scan_report
from ._scenes import AnnotatedScene, load_scenes
from ._soak_command import run_soak, soak_main
from ._soak_report import soak_report
from ._study import run_study, study_report

__all__ = [
    "AnnotatedScene",
    "BenchmarkData",
    "EpochBudget",
    "active_main",
    "active_report",
    "hold_out_groups",
    "label_efficiency_main",
    "label_efficiency_report",
    "load_benchmark_data",
    "load_scenes",
    "make_contenders",
    "parse_labels",
    "run_active",
    "run_label_efficiency",
    "run_scan",
    "run_soak",
    "run_study",
    "scan_main",
    "scan_report",
    "soak_main",
    "soak_report",
    "study_main",
    "study_report",
    "update_readme",
]
