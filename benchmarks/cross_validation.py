"""What cross-validation says with few labels: python benchmarks/cross_validation.py --help"""

from sgan_benchmarks.cross_validation_command import cross_validation_main

if __name__ == "__main__":
    raise SystemExit(cross_validation_main())
