"""Errors on MNIST beside the published ones: python benchmarks/mnist.py --help"""

from sgan_benchmarks.mnist_command import mnist_main

if __name__ == "__main__":
    raise SystemExit(mnist_main())
