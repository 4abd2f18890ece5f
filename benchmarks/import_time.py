"""What importing the package costs beside torch and sklearn.base: python benchmarks/import_time.py

Each import runs in a fresh interpreter, the two in turn; processor time, not wall time.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

N_RUNS = 11
REFERENCE = "import torch, sklearn.base"
OURS = f"{REFERENCE}, sgan_classifier"
LAZY = ("skorch", "matplotlib", "pandas", "sklearn.metrics", "sklearn.preprocessing")
OUT = Path(__file__).parent / "reports" / "import_time.json"


def seconds(statement: str) -> float:
    """Return the processor time that a statement takes in a new interpreter."""
    code = f"import time; start = time.process_time(); {statement}; "
    code += "print(time.process_time() - start)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def imported_too_early() -> list[str]:
    """Return which modules that should wait are imported by the package itself."""
    code = f"import sys; {REFERENCE}; before = set(sys.modules); import sgan_classifier; "
    code += f"print(*(set({LAZY}) & (set(sys.modules) - before)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def main() -> None:
    """Measure, print and keep the ratio."""
    seconds(OURS)  # compiles and reads all files once
    pairs = [(seconds(REFERENCE), seconds(OURS)) for _ in range(N_RUNS)]
    ratio = statistics.median(ours / reference for reference, ours in pairs)
    record = {
        "command": "python benchmarks/import_time.py",
        "reference_seconds": statistics.median(reference for reference, _ in pairs),
        "our_seconds": statistics.median(ours for _, ours in pairs),
        "ratio": ratio,
        "imported_too_early": imported_too_early(),
    }
    OUT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
