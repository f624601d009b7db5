"""The kernels that docs/cuda.md shows are kernels: copied into a module, they compute what the page says."""

from __future__ import annotations

import importlib.util
import re
import zlib
from pathlib import Path

import numpy as np

from minigrad_kernels.cuda._kernel import empty
from tests.cuda.twins import on_device

PAGE = Path(__file__).parents[2] / "docs" / "cuda.md"


def test_kernels_of_the_page_compute_what_it_says(tmp_path):
    scale, silu = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    imports = (
        "from minigrad_kernels.cuda._elementwise import elementwise\nfrom minigrad_kernels.cuda._math import exp\n"
    )
    text = "\n".join((scale, imports, silu))
    name = f"page_{zlib.crc32(text.encode())}"  # machine code is kept by the name of the module
    file = tmp_path / f"{name}.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location(name, file)
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    x = np.arange(-3, 4, dtype=np.float32).reshape(7, 1)
    np.testing.assert_array_equal(page.scale(on_device(x), 2.0).get(), 2 * x)
    out = empty(x.shape, x.dtype)
    page._silu_loop[x.dtype](on_device(x), out)
    np.testing.assert_allclose(out.get(), x / (1 + np.exp(-x)), rtol=1e-6)
