"""The code behind `benchmarks/speed.py`: two reference loops, and a section for each target."""

from ._command import speed_main
from ._plain_loop import PlainLoop
from ._run import SECTIONS, run_speed, speed_report
from ._setting import Options
from ._tutorial_loop import TutorialLoop

__all__ = [
    "SECTIONS",
    "Options",
    "PlainLoop",
    "TutorialLoop",
    "run_speed",
    "speed_main",
    "speed_report",
]
