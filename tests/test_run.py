"""``python -m minigrad run`` and ``install_as_torch``: PyTorch code runs as it is, and what is missing is named."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import minigrad

SCRIPTS = Path(__file__).parent / "scripts"


def run_script(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "minigrad", "run", str(script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def run(tmp_path):
    def run_text(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(text))
        return run_script(script, *arguments)

    return run_text


def python(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(text)], capture_output=True, text=True, check=False)


def test_a_pytorch_script_runs_unmodified():
    done = run_script(SCRIPTS / "xor.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Accuracy: tensor(1.) 1.0" in done.stdout


def test_every_form_of_import_gives_the_same_modules_and_objects(run):
    done = run(
        """
        import torch, torch.nn as nn, torch.nn.functional as F, torch.utils.data
        from torch import nn as nn2, optim, Tensor
        from torch.nn import functional as F2, Linear
        from torch.utils.data import DataLoader
        from torch.optim.lr_scheduler import StepLR
        import importlib, sys, minigrad, minigrad.nn.functional
        assert torch is minigrad and nn is nn2 is minigrad.nn is torch.nn and F is F2 is minigrad.nn.functional
        assert Linear is minigrad.nn.Linear and Tensor is minigrad.Tensor and optim is torch.optim
        assert DataLoader is torch.utils.data.DataLoader and StepLR is torch.optim.lr_scheduler.StepLR
        assert importlib.import_module("torch.nn") is nn and sys.modules["torch.nn"] is nn
        assert nn.__name__ == "minigrad.nn" and nn.__spec__.name == "minigrad.nn"
        print(F.relu(torch.tensor([-1.0, 2.0])))
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "tensor([0., 2.])\n", "")


def test_layers_are_found_at_their_second_address(run):
    done = run(
        """
        from torch.nn.modules.batchnorm import _BatchNorm
        from torch.nn.modules.loss import _Loss, MSELoss
        from torch.nn.modules.utils import _pair
        import torch.nn.modules.conv as conv
        from torch import nn
        assert issubclass(nn.BatchNorm2d, _BatchNorm) and issubclass(MSELoss, _Loss) and conv.Conv2d is nn.Conv2d
        print(_pair(3))
        """
    )
    assert done.stdout == "(3, 3)\n", done.stderr


def test_the_script_finds_its_arguments_its_neighbours_and_itself(run, tmp_path):
    (tmp_path / "neighbour.py").write_text("from torch import tensor\nvalue = tensor(3)\n")
    done = run(
        """
        import sys
        import neighbour
        itself = __file__.endswith("script.py") and sys.modules["__main__"].sys is sys
        print(sys.argv[1:], __name__, neighbour.value, itself)
        sys.exit(7)
        """,
        "--epochs",
        "3",
    )
    assert (done.returncode, done.stdout) == (7, "['--epochs', '3'] __main__ tensor(3) True\n"), done.stderr


def test_programs_that_ask_for_the_version_see_that_of_the_interface(run):
    done = run(
        """
        import torch
        from torch.version import __version__ as version
        assert torch.__version__ >= (2, 0) and torch.__version__ > "2.9" and torch.__version__ == version
        print(torch.__version__, int(torch.__version__.split(".")[0]) >= 2)
        """
    )
    assert done.stdout == f"{minigrad.version.pytorch}+minigrad{minigrad.__version__} True\n", done.stderr


@pytest.mark.parametrize(
    ("statement", "kind", "name"),
    [
        ("torch.no_such_thing", "AttributeError", "torch.no_such_thing"),
        ("torch.nn.NoSuchLayer(3)", "AttributeError", "torch.nn.NoSuchLayer"),
        ("from torch import no_such_thing", "ImportError", "torch.no_such_thing"),
        ("from torch.nn.functional import no_such_thing", "ImportError", "torch.nn.functional.no_such_thing"),
        ("from torch.utils.data import NoSuchSet", "ImportError", "torch.utils.data.NoSuchSet"),
        ("import torch.no_such.thing", "ModuleNotFoundError", "torch.no_such"),
        ("import torch.cli", "ModuleNotFoundError", "torch.cli"),
        ("torch.backends.cudnn.no_such_thing", "AttributeError", "torch.backends.cudnn.no_such_thing"),
    ],
)
def test_a_missing_name_is_named_with_where_to_look(run, statement, kind, name):
    done = run(f"import torch\n{statement}\n")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"{kind}: minigrad has no ")
    assert f"'{name}'" in last
    assert "coverage" in last
    assert "cli/run.py" not in done.stderr, "the traceback begins at the script"


def test_a_missing_method_of_tensors_is_named(run):
    done = run("import torch\ntorch.ones(2).no_such_thing()\n")
    assert done.returncode == 1
    assert "minigrad's tensors have no 'no_such_thing'" in done.stderr


def test_questions_whether_a_name_is_there_get_an_answer(run):
    done = run(
        """
        import torch
        print(hasattr(torch, "no_such_thing"), getattr(torch.nn, "NoSuch", None), hasattr(torch, "nn"))
        try:
            from torch import no_such_thing
        except ImportError:
            print("absent")
        """
    )
    assert (done.stdout, done.stderr) == ("False None True\nabsent\n", "")


def test_an_error_of_the_script_is_shown_from_its_first_line_on(run):
    done = run("import torch\n\n\ndef f():\n    raise ValueError('mine')\n\n\nf()\n")
    lines = done.stderr.splitlines()
    assert (done.returncode, lines[-1]) == (1, "ValueError: mine")
    assert lines[1].endswith('script.py", line 8, in <module>')


def test_a_missing_script_and_a_syntax_error_are_said(run, tmp_path):
    done = run_script(tmp_path / "nowhere.py")
    assert done.returncode == 2
    assert "nowhere.py': No such file or directory" in done.stderr
    done = run("x = = 1\n")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("SyntaxError")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_loader_workers_get_the_script_too(run, method):
    done = run(
        """
        import sys
        import torch
        from torch.utils.data import DataLoader, Dataset


        class Squares(Dataset):
            def __len__(self):
                return 6

            def __getitem__(self, i):
                return torch.tensor(i**2)


        if __name__ == "__main__":
            loader = DataLoader(Squares(), batch_size=3, num_workers=1, multiprocessing_context=sys.argv[1])
            for batch in loader:
                print(batch)
        """,
        method,
    )
    assert (done.stdout, done.stderr) == ("tensor([0, 1, 4])\ntensor([ 9, 16, 25])\n", "")


def test_install_as_torch_works_in_a_running_program_and_twice():
    done = python(
        """
        import minigrad
        minigrad.install_as_torch()
        minigrad.install_as_torch()
        import torch
        assert torch is minigrad
        print(torch.ones(2))
        """
    )
    assert (done.stdout, done.stderr) == ("tensor([1., 1.])\n", "")


def test_install_as_torch_after_pytorch_itself_is_refused():
    done = python(
        """
        import sys, types, minigrad
        sys.modules["torch"] = types.ModuleType("torch")
        minigrad.install_as_torch()
        """
    )
    assert done.stderr.splitlines()[-1].startswith("RuntimeError: install_as_torch() came too late")
