"""The demo from start to end: data, network, training, test, gradients, pictures."""

from __future__ import annotations

import copy
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad import nn
from minigrad.autograd import no_grad
from minigrad.autograd.compare import compare_gradients
from minigrad.autograd.gradient_table import GradientTable
from minigrad.demo import training
from minigrad.demo.by_hand import gradients_by_hand, target_distributions
from minigrad.demo.digits import Digits, load_digits
from minigrad.demo.training import History, evaluate, make_network, train
from minigrad.random import manual_seed

__all__ = ["Settings", "run"]

# Few, since the differences take the loss 34,000 times: this many in little more than a second.
IMAGES_COMPARED = 16
LINES_OF_PROGRESS = 6


@dataclass(frozen=True)
class Settings:
    """What can be chosen on the command line.

    Attributes
    ----------
    out : Path
        Folder for the pictures.
    epochs, seed : int
    pictures : bool
    device : str
        Where the network is trained.
    """

    out: Path = Path("demo")
    epochs: int = 30
    seed: int = 0
    pictures: bool = True
    device: str = "cpu"


def run(settings: Settings) -> bool:
    """Run the demo, printing as it goes; return whether the gradients agree."""
    with _one_thread():
        return _run(settings)


def _one_thread() -> AbstractContextManager[Any]:
    """Keep BLAS on one thread: products as small as these take longer on two, much longer on a busy machine."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="blas")
    return limits


def _run(settings: Settings) -> bool:
    manual_seed(settings.seed)
    data = load_digits().to(settings.device)
    model = make_network().to(settings.device)
    _print_start(data, model)
    history = _train(model, data, settings.epochs)
    _print_test(model, data)
    table = _compare(model, data)
    if settings.pictures:
        _draw(model, data, history, settings.out)
    return table.passed


def _heading(text: str) -> None:
    print(f"\n{text}\n{'=' * len(text)}")


def _print_start(data: Digits, model: nn.Module) -> None:
    _heading("Data")
    print(
        f"Handwritten digits of scikit-learn, 8 x 8 pixels: {len(data.train_images):,} images to train on, "
        f"{len(data.test_images):,} held out."
    )
    _heading("Model")
    print(model)
    _heading("Parameters")
    rows = [(name, str(tuple(each.shape)), each.numel()) for name, each in model.named_parameters()]
    for name, shape, count in [*rows, ("total", "", sum(count for _, _, count in rows))]:
        print(f"{name:10}{shape:12}{count:7,}")


def _train(model: nn.Module, data: Digits, epochs: int) -> History:
    from tqdm import tqdm

    _heading("Training")
    print(
        f"SGD: batches of {training.BATCH_SIZE}, learning rate {training.LEARNING_RATE} falling to 0 along a cosine, "
        f"momentum {training.MOMENTUM},\nweight decay {training.WEIGHT_DECAY}; cross-entropy with label smoothing "
        f"{training.LABEL_SMOOTHING} (the losses shown are without).\n"
    )
    print("epoch    loss  accuracy    test loss  test accuracy")
    shown = {1, epochs} | {round(k * epochs / LINES_OF_PROGRESS) for k in range(1, LINES_OF_PROGRESS)}
    # On a terminal the bar is redrawn in place; in a file it would be a line for every state, so there it is left out.
    with tqdm(total=epochs, desc="training", unit="epoch", leave=False, disable=not sys.stderr.isatty()) as bar:

        def report(epoch: int, history: History) -> None:
            bar.set_postfix_str(f"test accuracy {history.test_accuracy[-1]:.1%}", refresh=False)
            bar.update()
            if epoch in shown:
                bar.write(
                    f"{epoch:5}{history.train_loss[-1]:8.4f}{history.train_accuracy[-1]:10.2%}"
                    f"{history.test_loss[-1]:13.4f}{history.test_accuracy[-1]:15.2%}"
                )

        return train(model, data, epochs, report)


def _print_test(model: nn.Module, data: Digits) -> None:
    accuracy = evaluate(model, data.test_images, data.test_labels)[1]
    count = len(data.test_labels)
    print(f"\nTest accuracy: {accuracy:.2%} ({round(accuracy * count)} of {count} images that it never saw)")


def _compare(model: nn.Module, data: Digits) -> GradientTable:
    """Compare the gradients of the trained network's loss on a batch of images it never saw, in double precision."""
    _heading("Gradients, three ways")
    double = copy.deepcopy(model).double()
    images, labels = data.test_images[:IMAGES_COMPARED].double(), data.test_labels[:IMAGES_COMPARED]
    criterion = nn.CrossEntropyLoss(label_smoothing=training.LABEL_SMOOTHING)
    parameters = {name: each.detach().cpu().numpy() for name, each in double.named_parameters()}
    targets = target_distributions(labels.cpu().numpy(), classes=10, smoothing=training.LABEL_SMOOTHING)
    print(
        f"The gradient of the loss on {len(labels)} test images by each parameter of the trained network: derived by\n"
        "hand in NumPy (minigrad/demo/by_hand.py), by autograd, and by central differences of every entry.\n"
    )
    return compare_gradients(
        lambda: criterion(double(images), labels),
        double.named_parameters(),
        gradients_by_hand(parameters, images.cpu().numpy(), targets),
    )


def _draw(model: nn.Module, data: Digits, history: History, out: Path) -> None:
    from minigrad.demo.pictures import draw_pictures

    with no_grad():
        probabilities = model(data.test_images).softmax(dim=1).cpu().numpy()
    images, labels = data.test_images.cpu().numpy(), data.test_labels.cpu().numpy()
    written = draw_pictures(out, history, images, labels, probabilities)
    _heading("Pictures")
    print(f"In the folder {out.resolve()}:")
    for name, what in written.items():
        print(f"  {name:20}{what}")
