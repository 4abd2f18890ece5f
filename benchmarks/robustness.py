"""The SGAN where its assumptions fail: python benchmarks/robustness.py --help"""

from sgan_benchmarks.robustness_command import robustness_main

if __name__ == "__main__":
    raise SystemExit(robustness_main())
