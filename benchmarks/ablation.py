"""What each part of the SGAN is worth: python benchmarks/ablation.py --help"""

from sgan_classifier.benchmarking import ablation_main

if __name__ == "__main__":
    raise SystemExit(ablation_main())
