"""Accuracy against number of labels: python benchmarks/label_efficiency.py --help"""

from sgan_benchmarks.label_efficiency_command import label_efficiency_main

if __name__ == "__main__":
    raise SystemExit(label_efficiency_main())
