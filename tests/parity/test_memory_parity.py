"""The memory of tensors beside PyTorch's: other sizes, other memory, storages, buffers, functions of each element."""

from __future__ import annotations

import numpy as np
import pytest

from .both import attempt, same

torch = pytest.importorskip("torch")


@same
def test_another_size(torch):
    x = torch.arange(6.0)
    view = x[2:]
    found = [view.resize_(3), view.storage_offset(), torch.arange(6).reshape(2, 3).t().resize_(6)]
    grown = torch.arange(2.0).resize_(3)
    leaf = torch.ones(2, requires_grad=True)
    return [
        *found,
        x.resize_(2, 2),
        x.resize_as_(torch.zeros(4)),
        list(grown.shape),
        grown[:2],
        attempt(lambda: leaf.resize_(3)),
        attempt(lambda: leaf.resize_as_(torch.ones(3))),
    ]


@same
def test_another_tensors_memory(torch):
    x, source = torch.zeros(2), torch.arange(4.0)
    x.set_(source)
    source[0] = 7
    other = torch.ones(2)
    return [
        x,
        x.is_set_to(source),
        x.is_set_to(source[:1]),
        other.set_(source, 1, (2,), (2,)),
        torch.ones(3).set_(),
        torch.ones(2).set_(source.untyped_storage(), 1, (2, 1), (1, 1)),
        attempt(lambda: torch.ones(2).set_(torch.ones(2).double())),
        attempt(lambda: torch.ones(2, requires_grad=True).set_(source)),
    ]


@same
def test_functions_of_each_element(torch):
    x, leaf = torch.arange(4.0).reshape(2, 2), torch.ones(2, requires_grad=True)
    return [
        x.apply_(lambda value: value * value + 1),
        x.t().apply_(lambda value: value - 1),
        x.map_(torch.tensor([10.0, 20.0]), lambda a, b: a + b),
        x.map2_(torch.ones(2), torch.tensor(2.0), lambda a, b, c: a * c - b),
        attempt(lambda: leaf.apply_(abs)),
        attempt(lambda: torch.ones(2).map_(leaf, max)),
        attempt(lambda: torch.ones(2).map_(torch.ones(2).double(), max)),
        attempt(lambda: torch.ones(2).map_(2, max)),
    ]


@same
def test_storages(torch):
    x = torch.arange(6.0).reshape(2, 3)[1]
    storage, raw = x.storage(), x.untyped_storage()
    storage[4] = -1.0
    return [
        repr(storage),
        storage.tolist(),
        len(storage),
        storage.size(),
        storage.nbytes(),
        storage.element_size(),
        str(storage.dtype),
        storage[3],
        x,
        storage.data_ptr() == raw.data_ptr(),
        len(raw),
        raw.nbytes(),
        repr(torch.tensor([1, 2], dtype=torch.int8).untyped_storage()),
        attempt(lambda: storage[9]),
        attempt(lambda: storage[0:2]),
        torch.is_storage(storage),
        torch.is_storage(x),
    ]


@same
def test_buffers_and_arrays_of_other_libraries(torch):
    data = bytearray(b"\x01\x02\x03\x04\x05\x06\x07\x08")
    numbers = torch.frombuffer(data, dtype=torch.int16, offset=2)
    data[2] = 9
    return [
        numbers,
        torch.frombuffer(data, dtype=torch.uint8, count=3),
        attempt(lambda: torch.frombuffer(bytearray(3), dtype=torch.float32)),
        attempt(lambda: torch.frombuffer(bytearray(0), dtype=torch.float32)),
        attempt(lambda: torch.frombuffer(data, dtype=torch.float32, count=3)),
        attempt(lambda: torch.frombuffer(data, dtype=torch.float32, offset=8)),
        torch.from_dlpack(np.arange(3)),
        torch.from_dlpack(torch.ones(2)),
        np.from_dlpack(torch.arange(3.0)).tolist(),
        attempt(lambda: np.from_dlpack(torch.ones(2, requires_grad=True))),
        list(torch.empty_permuted((2, 3, 5), (0, 2, 1)).stride()),
        list(torch.ones(1).new_empty_strided((2, 3), (1, 2)).stride()),
    ]


@same
def test_kinds(torch):
    x = torch.ones(2)
    return [
        [x.is_cpu, x.is_meta, x.is_quantized, x.is_nested, x.is_mkldnn, x.is_xpu, x.is_sparse_csr],
        [x.is_conj(), x.is_neg(), x.dense_dim(), x.is_pinned(), torch.get_device(x), torch.is_distributed(x)],
        [torch.conj(x) is x, torch.real(x) is x, torch.resolve_conj(x) is x, x.conj_physical_() is x],
        x.real,
        attempt(lambda: x.imag),
        attempt(lambda: torch.imag(x)),
        attempt(lambda: x.pin_memory()),
    ]


@same
def test_methods_of_older_programs(torch):
    x = torch.arange(6.0, requires_grad=True)
    y = x.resize(2, 3)
    (y * y).sum().backward()
    z = torch.arange(6.0)
    return (
        y,
        x.grad,
        z.resize_as(y),
        attempt(lambda: z.resize(2, 2)),
        z.volatile,
        z.to_dense() is z,
        z.const_data_ptr() == z.data_ptr(),
        [
            z.dim_order(),
            y.t().dim_order(),
            torch.ones(2, 3, 4).permute(2, 0, 1).dim_order(),
            torch.ones(()).dim_order(),
        ],
        [getattr(z, name) for name in ("is_ipu", "is_maia", "is_mtia", "is_vulkan")],
    )
