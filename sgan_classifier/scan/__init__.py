"""Whole scenes: sliding windows, a probability map, a list of candidates."""

from ._candidates import Candidates
from ._matching import (
    Matches,
    Scores,
    choose_threshold,
    match_candidates,
    score_matches,
)
from ._scene import Scan, scan_scene

__all__ = [
    "Candidates",
    "Matches",
    "Scan",
    "Scores",
    "choose_threshold",
    "match_candidates",
    "scan_scene",
    "score_matches",
]
