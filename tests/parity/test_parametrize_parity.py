"""Computed parameters beside PyTorch's: registration, removal, assignment, caching, the ready-made ones, refusals."""

from __future__ import annotations

import copy
import itertools
import pickle

import pytest

from .both import attempt, same

torch = pytest.importorskip("torch")


def _modules(torch):
    """Return parametrizations to try, of the library's own `Module`."""

    class Symmetric(torch.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).transpose(-1, -2)

        def right_inverse(self, a):
            return a.triu()

    class Exponential(torch.nn.Module):
        def forward(self, x):
            return x.exp()

    class Sum(torch.nn.Module):
        def forward(self, a, b):
            return a + b

        def right_inverse(self, x):
            return x / 2, x / 2

    class Wider(torch.nn.Module):
        def forward(self, x):
            return torch.cat([x, x])

    return Symmetric, Exponential, Sum, Wider


@same
def test_registering_assigning_and_removing(torch):
    parametrize = torch.nn.utils.parametrize
    symmetric, exponential, _, _ = _modules(torch)
    layer = torch.nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", symmetric())
    parametrize.register_parametrization(layer, "bias", exponential())
    out = layer(torch.ones(2, 3))
    out.sum().backward()
    found = [
        out,
        [[name, each.grad] for name, each in layer.named_parameters()],
        list(layer.state_dict()),
        repr(layer),
        type(layer).__name__,
        parametrize.is_parametrized(layer),
        parametrize.is_parametrized(layer, "bias"),
        parametrize.type_before_parametrizations(layer).__name__,
        attempt(lambda: setattr(layer, "bias", torch.ones(3))),
    ]
    layer.weight = torch.arange(9.0).reshape(3, 3)
    found += [layer.weight, layer.parametrizations.weight.original, isinstance(layer, torch.nn.Linear)]
    twin = copy.deepcopy(layer)
    twin.load_state_dict(layer.state_dict())
    found += [twin.weight, attempt(lambda: pickle.dumps(layer))]
    parametrize.remove_parametrizations(layer, "weight")
    parametrize.remove_parametrizations(layer, "bias", leave_parametrized=False)
    return [*found, layer.state_dict(), repr(layer), type(layer).__name__]


@same
def test_several_in_a_row_and_several_originals(torch):
    parametrize = torch.nn.utils.parametrize
    symmetric, exponential, two, wider = _modules(torch)
    layer, other, third = torch.nn.Linear(3, 3), torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "weight", symmetric())
    parametrize.register_parametrization(layer, "weight", exponential())
    parametrize.register_parametrization(other, "weight", two())
    parametrize.register_parametrization(third, "weight", wider(), unsafe=True)
    with parametrize.cached():
        same_object = layer.weight is layer.weight
    other.weight = torch.full((2, 2), 3.0)
    found = [
        layer.weight,
        same_object,
        layer.weight is layer.weight,
        other.state_dict(),
        list(third.weight.shape),
        attempt(lambda: setattr(layer, "weight", torch.ones(3, 3))),
        attempt(lambda: parametrize.remove_parametrizations(other, "weight", leave_parametrized=False)),
    ]
    target = torch.nn.Linear(3, 3)
    parametrize.transfer_parametrizations_and_params(layer, target)
    found += [target.weight, target.parametrizations.weight.original is layer.parametrizations.weight.original]
    parametrize.remove_parametrizations(other, "weight")
    return [*found, other.state_dict(), type(other.weight).__name__]


@same
def test_refusals(torch):
    parametrize = torch.nn.utils.parametrize
    symmetric, _, _, wider = _modules(torch)

    class Wrong(torch.nn.Module):
        def forward(self, x):
            return x.double()

    class NoTensor(torch.nn.Module):
        def forward(self, x):
            return None

    layer = torch.nn.Linear(3, 3)
    found = [
        attempt(lambda: parametrize.register_parametrization(layer, "weight", wider())),
        attempt(lambda: parametrize.register_parametrization(layer, "weight", Wrong())),
        attempt(lambda: parametrize.register_parametrization(layer, "weight", NoTensor())),
        attempt(lambda: parametrize.register_parametrization(layer, "other", symmetric())),
        attempt(lambda: parametrize.remove_parametrizations(layer, "weight")),
        attempt(lambda: parametrize.ParametrizationList([], layer.weight)),
    ]
    parametrize.register_parametrization(layer, "weight", symmetric())
    return [
        *found,
        attempt(lambda: parametrize.register_parametrization(layer, "weight", wider())),
        attempt(lambda: parametrize.register_parametrization(layer, "weight", NoTensor())),
    ]


@same
def test_orthogonal(torch):
    found = []
    orthogonal = torch.nn.utils.parametrizations.orthogonal
    shapes = ((3, 3), (4, 2), (2, 4))
    for shape, kind, trivial in itertools.product(shapes, (None, "matrix_exp", "cayley", "householder"), (True, False)):
        torch.manual_seed(1)
        layer = torch.nn.Linear(*shape, dtype=torch.float64)
        orthogonal(layer, orthogonal_map=kind, use_trivialization=trivial)
        layer(torch.ones(1, shape[0], dtype=torch.float64)).square().sum().backward()
        q = layer.weight.detach()
        gram = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
        assert torch.allclose(gram, torch.eye(len(gram), dtype=torch.float64))
        found.append([q, layer.parametrizations.weight.original.grad, list(layer.state_dict())])
    return found


@same
def test_orthogonal_assignment_and_refusals(torch):
    orthogonal = torch.nn.utils.parametrizations.orthogonal
    layer = orthogonal(torch.nn.Linear(3, 3))
    layer.weight = torch.eye(3).flip(0)
    plain = orthogonal(torch.nn.Linear(3, 3), orthogonal_map="cayley", use_trivialization=False)
    return [
        layer.weight.detach(),
        attempt(lambda: setattr(plain, "weight", torch.eye(3))),
        attempt(lambda: setattr(layer, "weight", torch.eye(2))),
        attempt(lambda: orthogonal(torch.nn.Linear(3, 3), "bias")),
        attempt(lambda: orthogonal(torch.nn.Linear(3, 3), "missing")),
        attempt(lambda: orthogonal(torch.nn.Linear(3, 3), orthogonal_map="qr")),
    ]


LAYERS = {
    "Linear": lambda nn: nn.Linear(3, 4),
    "Conv2d": lambda nn: nn.Conv2d(2, 3, 2),
    "ConvTranspose1d": lambda nn: nn.ConvTranspose1d(2, 3, 2),
}
INPUTS = {"Linear": (2, 3), "Conv2d": (1, 2, 3, 3), "ConvTranspose1d": (1, 2, 4)}


@pytest.mark.parametrize("name", LAYERS)
def test_weight_and_spectral_norm_in_both_forms(name):
    @same
    def script(torch):
        utils = torch.nn.utils
        found = []
        for wrap in (
            utils.parametrizations.weight_norm,
            lambda layer: utils.parametrizations.weight_norm(layer, dim=None),
            lambda layer: utils.parametrizations.weight_norm(layer, dim=1),
            utils.parametrizations.spectral_norm,
            lambda layer: utils.parametrizations.spectral_norm(layer, n_power_iterations=3),
            utils.weight_norm,
            utils.spectral_norm,
        ):
            torch.manual_seed(0)
            layer = wrap(LAYERS[name](torch.nn))
            optimizer = torch.optim.SGD(layer.parameters(), 0.01)
            for _ in range(2):
                optimizer.zero_grad()
                layer(torch.ones(INPUTS[name])).square().mean().backward()
                optimizer.step()
            layer.eval()
            out = layer(torch.ones(INPUTS[name]))
            found.append([out.detach(), layer.state_dict(), [each.grad for each in layer.parameters()]])
        return found

    script()


@same
def test_old_forms_are_removed_and_refused(torch):
    utils, nn = torch.nn.utils, torch.nn
    weighted, spectral = utils.weight_norm(nn.Linear(3, 2)), utils.spectral_norm(nn.Linear(3, 2))
    found = [
        attempt(lambda: utils.weight_norm(weighted)),
        attempt(lambda: utils.spectral_norm(spectral)),
        attempt(lambda: utils.spectral_norm(nn.Linear(3, 2, bias=False), "bias")),
        attempt(lambda: utils.spectral_norm(nn.Linear(3, 2), n_power_iterations=0)),
        attempt(lambda: utils.weight_norm(nn.LazyLinear(2))),
        attempt(lambda: utils.remove_weight_norm(nn.Linear(3, 2))),
        attempt(lambda: utils.remove_spectral_norm(nn.Linear(3, 2))),
        attempt(lambda: utils.parametrizations.spectral_norm(nn.Linear(3, 2), dim=4)),
        list(spectral.state_dict()._metadata[""].items()),
    ]
    spectral.load_state_dict(spectral.state_dict())
    utils.remove_weight_norm(weighted)
    utils.remove_spectral_norm(spectral)
    new = utils.parametrizations.weight_norm(nn.Linear(3, 2))
    old = {"bias": torch.ones(2), "weight_g": torch.ones(2, 1), "weight_v": torch.ones(2, 3)}
    return [*found, weighted.state_dict(), spectral.state_dict(), str(new.load_state_dict(old)), new.weight.detach()]


@same
def test_fusion_and_modules_without_first_values(torch):
    utils, nn = torch.nn.utils, torch.nn
    conv, transposed, linear = nn.Conv2d(2, 3, 2, bias=False), nn.ConvTranspose2d(2, 3, 2), nn.Linear(3, 4)
    norms = [nn.BatchNorm2d(3), nn.BatchNorm2d(3, affine=False), nn.BatchNorm1d(4)]
    x = torch.arange(32.0).sin().reshape(1, 2, 4, 4)
    for norm, shape in zip(norms, ((4, 3, 2, 2), (4, 3, 2, 2), (5, 4)), strict=True):
        norm(torch.rand(shape))
    refused = attempt(lambda: utils.fuse_conv_bn_eval(conv, norms[0]))
    for each in (conv, transposed, linear, *norms):
        each.eval()
    before = torch.rand(1)
    empty = utils.skip_init(nn.Linear, 3, 2)
    return [
        refused,
        utils.fuse_conv_bn_eval(conv, norms[0])(x),
        utils.fuse_conv_bn_eval(transposed, norms[1], transpose=True)(x),
        utils.fuse_linear_bn_eval(linear, norms[2])(torch.ones(2, 3)),
        utils.fuse_linear_bn_eval(linear, norms[2]).state_dict(),
        before,
        list(empty.weight.shape),
        torch.rand(1),
        attempt(lambda: utils.skip_init(nn.ReLU)),
    ]
