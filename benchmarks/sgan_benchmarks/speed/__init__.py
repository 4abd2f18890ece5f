"""The code behind `benchmarks/speed.py`: two reference loops, and a section for each target."""

from .command import speed_main
from .plain_loop import PlainLoop
from .run import SECTIONS, run_speed, speed_report
from .setting import Options
from .tutorial_loop import TutorialLoop

__all__ = [
    "SECTIONS",
    "Options",
    "PlainLoop",
    "TutorialLoop",
    "run_speed",
    "speed_main",
    "speed_report",
]
