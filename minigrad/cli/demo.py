"""``python -m minigrad demo``: train a network, check its gradients three ways, draw pictures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "train a network on handwritten digits, check its gradients three ways, draw pictures"
DESCRIPTION = (
    "Train a network (64-128-64-10, ReLU) on scikit-learn's handwritten digits, test it on images that it never saw, "
    "compare the gradient of its every parameter derived by hand, by autograd and numerically, and write pictures."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="folder for the pictures (%(default)s)"
    )
    parser.add_argument(
        "--epochs", type=_count, default=30, metavar="N", help="how often every image is trained on (%(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="of the weights and of the order of images (%(default)s)"
    )
    parser.add_argument("--device", default="cpu", help="where the network is trained, 'cpu' or 'cuda' (%(default)s)")
    parser.add_argument("--no-pictures", dest="pictures", action="store_false", help="write no pictures")


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, not '{text}'")
    return count


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; the status is 1 if gradients differ, or if the pictures have nowhere to go."""
    from minigrad.demo import Settings
    from minigrad.demo import run as run_demo
    from minigrad.devices import check_available

    try:
        check_available(arguments.device)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.pictures:
        try:
            arguments.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            print(f"no pictures can be written to '{arguments.out}': {error.strerror}", file=sys.stderr)
            return 1
    agree = run_demo(Settings(arguments.out, arguments.epochs, arguments.seed, arguments.pictures, arguments.device))
    return 0 if agree else 1
