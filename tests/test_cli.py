"""The command line: what each command prints, and how it says no."""

from __future__ import annotations

import subprocess
import sys
from unittest import mock

import numpy as np
import pytest

import minigrad
from minigrad.cli import COMMANDS, bench, main
from minigrad.ops.op import op
from minigrad.ops.op import table as operations
from minigrad.ops.typing import Tensor


def test_without_a_command_the_help_is_printed(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: python -m minigrad")
    assert all(f"\n  {name}" in out.replace("\n    ", "\n  ") for name in COMMANDS)


def test_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "minigrad"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "gradcheck" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert f"usage: python -m minigrad {name}" in capsys.readouterr().out


def test_unknown_command_gets_a_suggestion(capsys):
    with pytest.raises(SystemExit) as left:
        main(["gradchek"])
    assert left.value.code == 2
    error = capsys.readouterr().err
    assert "there is no command 'gradchek'. Did you mean 'gradcheck'?" in error
    assert "python -m minigrad --help" in error


def test_unknown_option_is_refused(capsys):
    with pytest.raises(SystemExit) as left:
        main(["info", "--colour"])
    assert left.value.code == 2
    assert "unrecognized arguments: --colour" in capsys.readouterr().err


def test_interruption_is_no_traceback(capsys):
    with mock.patch("minigrad.cli.info.facts", side_effect=KeyboardInterrupt):
        assert main(["info"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_traceback():
    done = subprocess.run(
        f"{sys.executable} -m minigrad gradcheck 'l*' | head -1", shell=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.startswith("operation")


def test_info_names_what_a_bug_report_needs(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    facts = dict(line.split(None, 1) for line in out.splitlines() if line)
    assert facts["numpy"] == np.__version__
    assert facts["Python"].startswith(".".join(map(str, sys.version_info[:3])))
    for name in ("minigrad", "numba", "BLAS", "Numba threads", "Kernel cache", "Devices"):
        assert f"\n{name}" in out


def test_gradcheck_checks_what_matches_the_pattern(capsys):
    assert main(["gradcheck", "sig*"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["operation", "samples", "worst", "error", "result"]
    checked = [line.split() for line in lines[1:-2]]
    assert "sigmoid" in [name for name, *_ in checked]
    for name, samples, error, result in checked:
        assert name.startswith("sig")
        assert int(samples) >= 1
        assert float(error) < 1e-6
        assert result == "ok"
    assert lines[-1].endswith("none failed")


def test_gradcheck_of_nothing_says_what_there_is(capsys):
    assert main(["gradcheck", "sigmod"]) == 1
    assert "no operation matches 'sigmod'; similar names are: sigmoid" in capsys.readouterr().err
    assert main(["gradcheck", "argmax"]) == 1
    assert "no operation that matches 'argmax' has a gradient" in capsys.readouterr().err


@pytest.fixture
def crooked():
    """An operation whose gradient is wrong, and one whose gradient breaks, for the time of a test."""
    with mock.patch.dict(operations), mock.patch.dict("minigrad.opcheck.cases.ENTRIES"):

        def crooked_square(input: Tensor) -> Tensor:
            return input * input

        def halted_square(input: Tensor) -> Tensor:
            return input * input

        for function, rule in ((crooked_square, lambda grad, input: grad * input), (halted_square, None)):
            function.__annotations__["input"] = "Tensor"
            made = op(function)
            if rule is None:

                def rule(grad, input):
                    raise IndexError("out of luck")

            made.gradient(rule)
            made.samples(lambda make: iter([make.sample(make(3, low=1))]))
            minigrad.opcheck.cases.ENTRIES[function.__name__] = made.entry
        yield


@pytest.mark.usefixtures("crooked")
def test_gradcheck_fails_and_shows_where(capsys):
    assert main(["gradcheck", "*ed_square"]) == 1
    out = capsys.readouterr().out
    assert "crooked_square        1          inf  FAILED" in out
    assert "crooked_square-0, derivative 1: GradcheckError: Jacobian mismatch" in out
    assert "halted_square-0, derivative 1: IndexError: out of luck" in out
    assert out.splitlines()[-1] == "2 operations on 2 samples: 2 failed"


def test_bench_passes_its_options_to_the_script_and_its_status_back(tmp_path, monkeypatch):
    script = tmp_path / "benchmarks" / "steps.py"
    script.parent.mkdir()
    script.write_text("import sys; sys.exit(len(sys.argv) + 40)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "elsewhere" / "minigrad" / "cli" / "bench.py"))
    assert main(["bench", "--only", "784*", "--rounds=3"]) == 44


def test_bench_of_a_gpu_is_another_script(tmp_path, monkeypatch):
    script = tmp_path / "benchmarks" / "gpu.py"
    script.parent.mkdir()
    script.write_text("import sys; sys.exit(sys.argv[1:] != ['--tiny', '--only', 'table'])")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "elsewhere" / "minigrad" / "cli" / "bench.py"))
    assert main(["bench", "--tiny", "--device", "cuda", "--only", "table"]) == 0
    assert main(["bench", "--device=cuda"]) == 1


def test_bench_without_the_source_tree_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "elsewhere" / "minigrad" / "cli" / "bench.py"))
    assert main(["bench"]) == 1
    assert "in a clone of the repository" in capsys.readouterr().err


def test_demo_refuses_what_it_cannot_do(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["demo", "--epochs", "0"])
    assert "expected a whole number from 1 on, not '0'" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main(["demo", "--out", str(tmp_path / "file" / "pictures")]) == 1
    assert "no pictures can be written to" in capsys.readouterr().err


def test_tutorials_are_listed_by_number(capsys):
    assert main(["tutorial"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert all(len(line.split()) > 1 for line in lines)


def test_tutorial_runs_and_says_where_its_figures_are(capfd, tmp_path):
    assert main(["tutorial", "2", "--out", str(tmp_path)]) == 0
    figures = sorted(tmp_path.iterdir())
    assert figures
    out = capfd.readouterr().out
    assert all(f"saved {figure}" in out for figure in figures)


def test_unknown_tutorial_is_refused(capsys):
    assert main(["tutorial", "99"]) == 2
    assert "there is no tutorial 99" in capsys.readouterr().err
