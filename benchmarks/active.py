"""Suggested against random labels: python benchmarks/active.py --help"""

from sgan_classifier.benchmarking import active_main

if __name__ == "__main__":
    raise SystemExit(active_main())
