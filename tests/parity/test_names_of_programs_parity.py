"""Names that programs mention whether or not they use what they stand for, beside PyTorch's."""

from __future__ import annotations

import warnings

import pytest

pytest.importorskip("torch")

import minigrad
from tests.parity.both import attempt, same


@same
def test_dtypes_that_programs_compare_and_pass_on(torch):
    found = []
    for dtype in (torch.bfloat16, torch.complex64, torch.complex128, torch.cfloat, torch.cdouble):
        limits = torch.finfo(dtype)
        facts = [str(dtype), dtype.itemsize, dtype.is_floating_point, dtype.is_complex, dtype.is_signed]
        found += [*facts, repr(limits), limits.bits, limits.eps, limits.max, limits.min, limits.tiny, limits.dtype]
    return [
        found,
        torch.ones(1).dtype in (torch.bfloat16, torch.float32),
        {"float32": torch.float32, "bfloat16": torch.bfloat16}["float32"] is torch.float32,
        torch.can_cast(torch.bfloat16, torch.float32),
        [
            [repr(torch.iinfo(each)), each.itemsize, each.is_signed]
            for each in (torch.uint16, torch.uint32, torch.uint64)
        ],
        attempt(lambda: torch.iinfo(torch.complex64)),
        attempt(lambda: torch.iinfo(torch.bool)),
        attempt(lambda: torch.set_default_dtype(torch.complex64)),
    ]


@same
def test_the_class_of_tensors_as_a_type(torch):
    x = torch.ones(2, dtype=torch.int32)
    return (
        x.type(torch.Tensor),
        x.type("torch.Tensor"),
        attempt(lambda: x.type("Tensor")),
        attempt(lambda: x.type(torch.nn.Parameter)),
    )


@same
def test_questions_about_autocast(torch):
    return [
        torch.is_autocast_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.is_autocast_cpu_enabled(),
        torch.is_autocast_cache_enabled(),
        str(torch.get_autocast_dtype("cpu")),
        str(torch.get_autocast_dtype("cuda")),
        attempt(lambda: torch.is_autocast_enabled(3)),
        attempt(lambda: torch.get_autocast_dtype("nowhere")),
    ]


@same
def test_triangular_systems_under_their_older_name(torch):
    values = torch.arange(18, dtype=torch.float64).sin().reshape(2, 3, 3)
    A = (values + 2 * torch.eye(3, dtype=torch.float64)).requires_grad_()
    b = torch.arange(6, dtype=torch.float64).cos().reshape(3, 2).requires_grad_()
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for options in ({}, {"upper": False}, {"transpose": True}, {"unitriangular": True, "upper": False}):
            solved = torch.triangular_solve(b, A, **options)
            grads = torch.autograd.grad(solved.solution.sum() + solved.cloned_coefficient.sin().sum(), (A, b))
            found += [solved, *grads]
        found += [b.triangular_solve(A[0])[0], type(solved).__name__]
        for wrong in ((b[0], A), (b, A[0, 0]), (b, A[0, :2]), (b.long(), A)):
            found += [attempt(lambda wrong=wrong: torch.triangular_solve(*wrong))]
    return found


@same
def test_batch_normalisation_of_the_only_process(torch):
    torch.manual_seed(0)
    plain = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 2), torch.nn.BatchNorm2d(3, momentum=None))
    weight = plain[1].weight
    made = torch.nn.SyncBatchNorm.convert_sync_batchnorm(plain)
    x = torch.arange(32.0).sin().reshape(2, 1, 4, 4)
    layer = torch.nn.SyncBatchNorm(3)
    return [
        made(x),
        made.eval()(x),
        made[1].weight is weight,
        repr(made),
        layer(torch.arange(6.0).reshape(2, 3)),
        list(layer.state_dict()),
        attempt(lambda: layer(torch.ones(3))),
        attempt(lambda: layer(torch.ones(2, 0))),
    ]


@same
def test_a_former_name_of_a_loss(torch):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loss = torch.nn.NLLLoss2d(reduction="sum")
    said = [(each.category.__name__, str(each.message)) for each in caught]
    scores = torch.arange(24.0).sin().reshape(1, 2, 3, 4)
    return said, loss(scores.log_softmax(1), torch.zeros(1, 3, 4, dtype=torch.long)), isinstance(loss, torch.nn.NLLLoss)


@same
def test_modules_at_their_other_addresses(torch):
    from importlib import import_module

    top = torch.__name__
    scaler = import_module(f"{top}.cuda.amp.grad_scaler").GradScaler
    autocast = import_module(f"{top}.cuda.amp.autocast_mode").autocast
    return [
        scaler is torch.cuda.amp.GradScaler,
        autocast is torch.cuda.amp.autocast,
        import_module(f"{top}.utils.hooks").RemovableHandle.__name__,
        import_module(f"{top}.serialization").DEFAULT_PROTOCOL,
        import_module(f"{top}.utils.checkpoint").get_device_states(torch.ones(2), [3, torch.ones(1)]),
        import_module(f"{top}.utils.checkpoint").set_device_states([], []),
        sorted(set(import_module(f"{top}.functional").__all__) - {"stft", "istft"}),
    ]


@same
def test_versions_compare_as_numbers(torch):
    from importlib import import_module

    Version = import_module(f"{torch.__name__}.torch_version").TorchVersion
    others = ("2.13.0", "2.9", "2.13", "3", "1.10.0a0", "2.13.0+cpu", "2.13.0rc1", "parrot", (2, 13), (2, 13, 1), (1,))
    found = []
    for one in map(Version, ("2.13.0+cpu", "2.13.0", "1.10.0a")):
        for other in others:
            found += [one < other, one <= other, one == other, one > other, one >= other, one != other]
    return found, Version("parrot") < "quail", Version("parrot") == "2.13"


@same
def test_samplers_by_their_inner_names(torch):
    torch.manual_seed(0)
    shapes = torch.tensor([0.5, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
    drawn = [torch._standard_gamma(shapes), torch._sample_dirichlet(shapes)]
    generator = torch.Generator().manual_seed(1)
    return [each.detach() for each in drawn], torch._standard_gamma(shapes.detach(), generator=generator)


@same
def test_triangles_of_masks_are_masks(torch):
    masks = torch.arange(24).reshape(2, 3, 4) % 3 != 0
    return torch.tril(masks), torch.triu(masks, 1), masks.clone().tril_(-1), masks[0].triu()


@same
def test_memory_in_capsules(torch):
    from importlib import import_module

    capsules = import_module(f"{torch.__name__}.utils.dlpack")
    return capsules.from_dlpack(capsules.to_dlpack(torch.arange(3.0))), capsules.from_dlpack(torch.ones(2))


@same
def test_there_is_no_group_of_processes(torch):
    parallel = torch.nn.parallel.DistributedDataParallel
    layer = torch.nn.Linear(1, 1)
    return isinstance(layer, parallel), attempt(lambda: parallel(layer)), torch.distributed.is_initialized()


@same
def test_lengths_of_parts_by_their_name(torch):
    x = torch.arange(10).reshape(5, 2)
    return x.split(split_size=2), x.split(split_size=1, dim=1), torch.split(x, split_size_or_sections=3)


@same
def test_devices_that_are_only_compared_with(torch):
    device = torch.ones(1).device
    names = ("mps", "xpu:1", "meta", "hpu")
    found = [[repr(torch.device(name)), torch.device(name).type, device == torch.device(name)] for name in names]
    return found, device in (torch.device("cpu"), torch.device("mps")), attempt(lambda: torch.device("nowhere"))


@pytest.mark.parametrize("name", ["mps", "meta", "xpu"])
def test_no_tensor_is_made_on_a_device_that_is_only_compared_with(name):
    for make in (lambda: minigrad.zeros(2, device=name), lambda: minigrad.ones(2).to(minigrad.device(name))):
        with pytest.raises(RuntimeError, match=f"device type '{name}' is not available in minigrad"):
            make()
