"""Suggested against random labels: python benchmarks/active.py --help"""

from sgan_benchmarks.active_command import active_main

if __name__ == "__main__":
    raise SystemExit(active_main())
