"""Craters found in a whole scene: python benchmarks/scan.py --help"""

from sgan_classifier.benchmarking import scan_main

if __name__ == "__main__":
    raise SystemExit(scan_main())
