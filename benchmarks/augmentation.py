"""Which views suit a kind of image: python benchmarks/augmentation.py --help"""

from sgan_benchmarks.augmentation_command import augmentation_main

if __name__ == "__main__":
    raise SystemExit(augmentation_main())
