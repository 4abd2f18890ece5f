"""The code behind `benchmarks/`: data, methods, runs that can be stopped, and generated reports."""

from ._ablation import ablation_report, run_ablation
from ._ablation_command import ablation_main
from ._active import run_active
from ._active_command import active_main
from ._active_report import active_report
from ._all_reports import render_reports
from ._augmentation import augmentation_report, run_augmentation
from ._augmentation_command import augmentation_main
from ._compare import parse_labels
from ._contenders import make_contenders
from ._cross_validation import run_cross_validation
from ._cross_validation_command import cross_validation_main
from ._cross_validation_report import cross_validation_report
from ._data import BenchmarkData, load_benchmark_data
from ._epochs import EpochBudget
from ._held_out import hold_out_groups
from ._label_efficiency import run_label_efficiency
from ._label_efficiency_command import label_efficiency_main
from ._mnist import run_mnist
from ._mnist_command import mnist_main
from ._mnist_report import mnist_report
from ._report import label_efficiency_report, update_readme
from ._robustness import run_robustness
from ._robustness_command import robustness_main
from ._robustness_report import robustness_report
from ._scan import run_scan
from ._scan_command import scan_main
from ._scan_report import scan_report
from ._scenes import AnnotatedScene, load_scenes
from ._soak_command import run_soak, soak_main
from ._soak_report import soak_report
from ._study import run_study, study_report
from ._study_command import study_main

__all__ = [
    "AnnotatedScene",
    "BenchmarkData",
    "EpochBudget",
    "ablation_main",
    "ablation_report",
    "active_main",
    "active_report",
    "augmentation_main",
    "augmentation_report",
    "cross_validation_main",
    "cross_validation_report",
    "hold_out_groups",
    "label_efficiency_main",
    "label_efficiency_report",
    "load_benchmark_data",
    "load_scenes",
    "make_contenders",
    "mnist_main",
    "mnist_report",
    "parse_labels",
    "render_reports",
    "robustness_main",
    "robustness_report",
    "run_ablation",
    "run_active",
    "run_augmentation",
    "run_cross_validation",
    "run_label_efficiency",
    "run_mnist",
    "run_robustness",
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
