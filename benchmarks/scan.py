"""Craters found in a whole scene: python benchmarks/scan.py --help"""

from sgan_benchmarks.scan_command import scan_main

if __name__ == "__main__":
    raise SystemExit(scan_main())
