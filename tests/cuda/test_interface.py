"""What programs ask of `torch.cuda` and of tensors on a GPU, on the simulated one."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest

import minigrad as torch
from minigrad import nn
from minigrad.utils.data import DataLoader, TensorDataset
from tests.cuda import twins  # noqa: F401  (skips where there is no simulator)

F = nn.functional


def test_tensors_are_made_and_moved():
    x = torch.tensor([[1.0, 2.0]], device="cuda")
    assert (x.is_cuda, str(x.device), x.get_device(), x.type()) == (True, "cuda:0", 0, "torch.cuda.FloatTensor")
    assert x.cuda() is x
    assert x.to("cuda:0") is x
    assert x.to(torch.float32) is x
    assert x.cpu().tolist() == [[1.0, 2.0]]
    assert x.double().is_cuda
    assert x.to("cpu", torch.float64).dtype == torch.float64
    assert torch.ones(2).to(x).is_cuda
    assert x.new_zeros(3).is_cuda
    assert torch.zeros_like(x).is_cuda
    assert not torch.zeros_like(x, device="cpu").is_cuda
    assert torch.cuda.FloatTensor([1.0]).is_cuda
    assert isinstance(x, torch.cuda.FloatTensor)
    assert not isinstance(x, torch.FloatTensor)


def test_a_tensor_prints_its_device():
    assert repr(torch.ones(2, device="cuda")) == "tensor([1., 1.], device='cuda:0')"


def test_numpy_wants_the_cpu():
    x = torch.ones(2, device="cuda")
    with pytest.raises(TypeError, match=r"can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu\(\)"):
        x.numpy()
    with pytest.raises(TypeError, match="can't convert cuda:0"):
        np.asarray(x)


@pytest.mark.parametrize(
    "operation",
    [
        lambda x, y: x + y,
        lambda x, y: y * x,
        lambda x, y: x @ y,
        lambda x, y: torch.cat([x, y]),
        lambda x, y: F.linear(x, y),
        lambda x, y: F.mse_loss(x, y),
        lambda x, y: F.cross_entropy(x, torch.tensor([0, 1])),
        lambda x, y: torch.where(x > 0, x, y),
        lambda x, y: x.gather(0, torch.tensor([[0, 1]])),
        lambda x, y: F.embedding(torch.tensor([0, 1]), x),
        lambda x, y: nn.Linear(2, 2)(x),
    ],
)
def test_devices_do_not_mix(operation):
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device, but found at least two"):
        operation(torch.ones(2, 2, device="cuda"), torch.ones(2, 2))


def test_a_number_without_dimensions_joins_a_tensor_of_a_gpu():
    x = torch.tensor([1.0, 2.0], device="cuda", requires_grad=True)
    out = x * torch.tensor(3.0)
    out.sum().backward()
    assert out.is_cuda
    assert x.grad.tolist() == [3.0, 3.0]


def test_gradients_flow_between_devices():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x.cuda() * 2).cpu().pow(2).sum().backward()
    assert not x.grad.is_cuda
    assert x.grad.tolist() == [8.0, 16.0]


def test_indices_of_the_cpu_serve_on_a_gpu_but_not_the_reverse():
    x = torch.arange(6.0, device="cuda").reshape(2, 3)
    assert x[torch.tensor([1])].tolist() == [[3.0, 4.0, 5.0]]
    x[torch.tensor([0]), 0] = 9.0
    x[0, 1] = torch.tensor(7.0)
    assert x.tolist() == [[9.0, 7.0, 2.0], [3.0, 4.0, 5.0]]
    with pytest.raises(RuntimeError, match="indices should be either on cpu or on the same device"):
        torch.arange(3.0)[torch.tensor([1], device="cuda")]


def test_copies_cross_devices():
    x, y = torch.zeros(3, device="cuda"), torch.arange(3.0)
    assert x.copy_(y).tolist() == [0.0, 1.0, 2.0]
    assert torch.zeros(3).copy_(x + 1).tolist() == [1.0, 2.0, 3.0]


def test_the_default_device_is_where_tensors_are_made():
    with torch.device("cuda"):
        assert torch.ones(2).is_cuda
        assert nn.Linear(2, 2).weight.is_cuda
        assert torch.randn(2).is_cuda
    assert not torch.ones(2).is_cuda
    torch.set_default_device("cuda")
    try:
        assert torch.arange(3).is_cuda
        assert str(torch.get_default_device()) == "cuda"
    finally:
        torch.set_default_device("cpu")


def test_modules_move_in_place_and_tensors_do_not():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    weight = model[0].weight
    assert model.cuda() is model
    assert model[0].weight is weight
    assert weight.is_cuda
    assert model[1].running_mean.is_cuda
    assert not next(model.to("cpu").parameters()).is_cuda


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
        lambda p: torch.optim.Adam(p, 0.1, amsgrad=True),
        lambda p: torch.optim.AdamW(p, 0.1),
        lambda p: torch.optim.RMSprop(p, 0.1, momentum=0.9),
        lambda p: torch.optim.Adagrad(p, 0.1),
        lambda p: torch.optim.Adadelta(p),
        lambda p: torch.optim.Adamax(p, 0.1),
        lambda p: torch.optim.NAdam(p, 0.1),
        lambda p: torch.optim.RAdam(p, 0.1),
        lambda p: torch.optim.Rprop(p, 0.1),
        lambda p: torch.optim.ASGD(p, 0.1),
        lambda p: torch.optim.LBFGS(p, 0.1),
        lambda p: torch.optim.Adafactor(p, 0.1),
    ],
)
def test_training_gives_what_it_gives_on_the_cpu(make):
    torch.manual_seed(0)
    # In double precision: some of these turn the sign of a gradient that is nearly zero into a whole step.
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    x, y = torch.randn(5, 3).double(), torch.tensor([0, 1, 0, 1, 1])
    losses = {}
    for device in ("cpu", "cuda"):
        copied = copy.deepcopy(model).to(device)
        optimizer = make(copied.parameters())

        def closure(copied=copied, optimizer=optimizer, device=device):
            optimizer.zero_grad()
            loss = F.cross_entropy(copied(x.to(device)), y.to(device))
            loss.backward()
            return loss

        losses[device] = [optimizer.step(closure).item() for _ in range(3)]
        assert all(parameter.is_cuda == (device == "cuda") for parameter in copied.parameters())
    np.testing.assert_allclose(losses["cuda"], losses["cpu"], rtol=1e-7)


def test_models_are_saved_from_one_device_and_loaded_on_the_other():
    model = nn.Linear(2, 2).cuda()
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    for where, is_cuda in ((None, True), ("cpu", False), (lambda storage, location: storage.cpu(), False)):
        file.seek(0)
        loaded = torch.load(file, map_location=where)
        assert loaded["weight"].is_cuda is is_cuda
        assert loaded["weight"].tolist() == model.weight.tolist()
    twin = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    assert twin.weight.is_cuda
    assert twin.weight.tolist() == model.weight.tolist()


def test_views_share_memory_on_a_gpu_too():
    x = torch.zeros(2, 3, device="cuda")
    x[0].add_(1)
    x.T[2] = 5.0
    assert x.tolist() == [[1.0, 1.0, 5.0], [0.0, 0.0, 5.0]]
    assert x[1].storage_offset() == 3
    assert x[1].data_ptr() == x.data_ptr() + 12


def test_random_numbers_follow_the_seed():
    draws = []
    for _ in range(2):
        torch.manual_seed(3)
        x = torch.randn(1000, device="cuda")
        more = [torch.rand(4, device="cuda"), torch.randint(10, (4,), device="cuda"), torch.randperm(5, device="cuda")]
        more += [F.dropout(torch.ones(8, device="cuda"), 0.5), torch.empty(3, device="cuda").exponential_()]
        more += [torch.multinomial(torch.tensor([0.2, 0.8], device="cuda"), 3, True)]
        more += [torch.bernoulli(torch.full((4,), 0.5, device="cuda")), torch.normal(2.0, x[:3].abs())]
        assert all(each.is_cuda for each in more)
        draws.append([each.tolist() for each in (x, *more)])
    assert draws[0] == draws[1]
    assert abs(np.mean(draws[0][0])) < 0.1
    assert abs(np.std(draws[0][0]) - 1) < 0.1
    assert sorted(draws[0][3]) == [0, 1, 2, 3, 4]


def test_generators_belong_to_devices():
    generator = torch.Generator("cuda").manual_seed(5)
    first = torch.rand(3, device="cuda", generator=generator).tolist()
    state = generator.get_state()
    second = torch.rand(3, device="cuda", generator=generator).tolist()
    assert torch.rand(3, device="cuda", generator=generator.set_state(state)).tolist() == second != first
    with pytest.raises(RuntimeError, match="Expected a 'cpu' device type for generator but found 'cuda'"):
        torch.rand(3, generator=generator)


def test_a_loader_pins_its_batches():
    data = TensorDataset(torch.arange(4.0), torch.arange(4))
    for x, y in DataLoader(data, 2, pin_memory=True):
        assert x.is_pinned()
        assert y.is_pinned()
        assert x.to("cuda", non_blocking=True).tolist() == x.tolist()


def test_memory_is_counted():
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    x = torch.zeros(1000, device="cuda")
    assert torch.cuda.memory_allocated() - before >= 4000
    del x
    assert torch.cuda.memory_allocated() == before
    assert torch.cuda.max_memory_allocated() - before >= 4000
    torch.cuda.empty_cache()


def test_events_and_streams_are_there():
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        assert torch.cuda.current_stream() == stream
        start.record()
        torch.ones(2, device="cuda").sum()
        end.record()
    stream.synchronize()
    torch.cuda.synchronize()
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    assert end.query()
    assert start.elapsed_time(end) >= 0
    with pytest.raises(ValueError, match="enable_timing=True"):
        torch.cuda.Event().elapsed_time(end)


def test_questions_about_the_device_are_answered():
    assert torch.cuda.is_available()
    assert torch.cuda.device_count() == 1
    assert torch.cuda.current_device() == 0
    assert torch.cuda.get_device_name(0) == torch.cuda.get_device_properties(0).name
    assert torch.cuda.get_device_capability() == (9, 0)
    assert str(torch.accelerator.current_accelerator()) == "cuda"
    with torch.cuda.device(0):
        assert torch.ones(1, device="cuda").get_device() == 0
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        torch.ones(1, device="cuda:3")


def test_products_are_cublas_or_ours():
    x = torch.randn(3, 5, 4, device="cuda", requires_grad=True)
    weight = torch.randn(6, 4, device="cuda", requires_grad=True)
    found = []
    for library in ("cublas", "minigrad"):
        assert torch.backends.cuda.preferred_blas_library(library) == library
        out = F.linear(x, weight)
        found.append([out, *torch.autograd.grad(out.square().sum(), (x, weight)), x @ weight.T, x[0] @ weight.T])
    assert torch.backends.cuda.preferred_blas_library("default") == "cublas"
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)
    with pytest.raises(RuntimeError, match="Choose from: default, cublas, minigrad"):
        torch.backends.cuda.preferred_blas_library("mkl")
