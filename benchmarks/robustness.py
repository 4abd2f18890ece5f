"""The SGAN where its assumptions fail: python benchmarks/robustness.py --help"""

from sgan_classifier.benchmarking import robustness_main

if __name__ == "__main__":
    raise SystemExit(robustness_main())
