"""Speed and memory against two reference loops: python benchmarks/speed.py --help"""

from sgan_benchmarks.speed import speed_main

if __name__ == "__main__":
    raise SystemExit(speed_main())
