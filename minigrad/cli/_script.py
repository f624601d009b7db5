"""What child processes of a script run by ``python -m minigrad run`` run to become that script again.

``multiprocessing`` starts a child from nothing and imports the parent's main module in it, under the name
``__mp_main__``. Run so, this module is that script, with minigrad in PyTorch's place.
"""

from __future__ import annotations

import io
import os

from minigrad.as_torch import install_as_torch

if __name__ == "__mp_main__":
    install_as_torch()
    __file__ = os.environ["MINIGRAD_SCRIPT"]  # runpy has put its own path into sys.argv
    with io.open_code(__file__) as _file:
        exec(compile(_file.read(), __file__, "exec"), globals())
