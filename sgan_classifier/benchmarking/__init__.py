"""What the commands `benchmark` and `demo`, and the scripts in `benchmarks/`, measure with."""

from ._compare import parse_labels
from ._contenders import make_contenders
from ._data import BenchmarkData, load_benchmark_data
from ._label_efficiency import run_label_efficiency
from ._record import Run
from ._report import label_efficiency_report

__all__ = [
    "BenchmarkData",
    "Run",
    "label_efficiency_report",
    "load_benchmark_data",
    "make_contenders",
    "parse_labels",
    "run_label_efficiency",
]
