"""What cross-validation says with few labels: python benchmarks/cross_validation.py --help"""

from sgan_classifier.benchmarking import cross_validation_main

if __name__ == "__main__":
    raise SystemExit(cross_validation_main())
