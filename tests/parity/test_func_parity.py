"""``torch.func`` beside PyTorch: transforms, alone and nested, on trees, with options, and their refusals."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, same


def vector(torch):
    return torch.tensor([0.5, -1.0, 2.0, 0.25], dtype=torch.float64)


def matrix(torch):
    return torch.arange(12.0, dtype=torch.float64).reshape(3, 4).sin()


def network(torch):
    torch.manual_seed(1)
    nn = torch.nn
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    return model, {name: each.detach() for name, each in model.named_parameters()}


def values(tree):
    """Return the tensors of a dictionary without their graph."""
    return {name: each.detach() for name, each in tree.items()}


@same
def test_gradients(torch):
    grad, x = torch.func.grad, vector(torch)
    return [
        grad(lambda x: (x**3).sum())(x),
        grad(lambda a, b: (a * b).sum(), argnums=(1, 0))(x, x + 1),
        grad(lambda a, b: (a * b).sum(), argnums=-1)(x, x + 1),
        grad(lambda tree: (tree["a"] * tree["b"][0]).sum())({"a": x, "b": [x + 1]}),
        grad(lambda x: (x.sum(), x * 2), has_aux=True)(x),
        torch.func.grad_and_value(lambda x: (x.exp().sum(), {"k": x}), has_aux=True)(x),
        grad(lambda x, factor: (x * factor).sum())(x, factor=3.0),
    ]


@same
def test_gradients_of_gradients(torch):
    grad, x = torch.func.grad, vector(torch)
    return [
        grad(grad(torch.sin))(x[0]),
        grad(grad(grad(lambda x: x**4)))(x[1]),
        grad(lambda x: (grad(lambda y: (x * y**2).sum())(x) * x).sum())(x),
        torch.func.jvp(grad(torch.sin), (x[0],), (torch.ones_like(x[0]),)),
        grad(lambda y: torch.func.jvp(torch.sin, (y,), (torch.ones_like(y),))[1])(x[0]),
    ]


@same
def test_what_a_transform_detaches_and_what_it_does_not(torch):
    func, x = torch.func, vector(torch)
    w = torch.ones(4, dtype=torch.float64, requires_grad=True)

    def half(x):
        with torch.no_grad():
            c = x**2
        return (x - c).sum()

    through = func.grad(lambda x: (x * w).sin().sum())(x)
    through.sum().backward()
    with torch.no_grad():
        inside = func.grad(lambda x: (x**2).sum())(x)
    return [
        func.grad(half)(x),
        func.grad(lambda x: (x.detach() * x).sum())(x),
        inside,
        [through.detach(), w.grad, through.requires_grad],
        [func.vjp(lambda x: x * w, x)[0].requires_grad, func.vjp(lambda x: x * 2, x)[0].requires_grad],
        func.grad(lambda x: (x * 2 + w.detach()).sum())(x).requires_grad,
    ]


@same
def test_products_with_jacobians(torch):
    func, x = torch.func, vector(torch)
    output, pull = func.vjp(lambda tree: (tree["a"] * tree["b"][0], tree["b"][1].exp()), {"a": x, "b": [x + 1, x + 2]})
    return [
        output,
        pull((x, x)),
        func.vjp(lambda x: (x * 2, x.sum()), x, has_aux=True)[2],
        func.jvp(lambda x: x.sin() * x[0], (x,), (x + 1,)),
        func.jvp(lambda x, y: (x.sin() * y, {"a": x}), (x, x * 2), (torch.ones_like(x), x)),
        func.jvp(lambda x: (x * 2, x.sum()), (x,), (x,), has_aux=True),
    ]


@same
def test_jacobians_and_hessians(torch):
    func, x = torch.func, vector(torch)
    several = lambda a, b: {"o": a * b, "p": a.sum()}  # noqa: E731
    return [
        func.jacrev(lambda x: torch.stack([x.sin(), x.cos()]))(x),
        [each.abs() for each in (func.jacfwd(torch.sin)(x), func.jacrev(torch.sin)(x))],
        func.jacrev(several, argnums=(0, 1))(x, x + 1),
        func.jacfwd(several, argnums=(0, 1))(x, x + 1),
        func.jacrev(lambda x: (x * 2, x.sum()), has_aux=True)(x),
        func.jacrev(torch.sin, chunk_size=3)(x).abs(),
        func.jacrev(func.jacrev(lambda x: (x**3).prod()))(x),
        func.jacfwd(func.jacrev(lambda x: (x**3).prod()))(x),
        func.hessian(lambda x: (x**3).prod())(x),
    ]


@same
def test_jacobians_of_layers(torch):
    func, functional, x = torch.func, torch.nn.functional, vector(torch)
    label = torch.tensor([1])
    return [
        func.jacrev(lambda x: functional.layer_norm(x, (4,)))(x),
        func.jacrev(lambda x: functional.softmax(x, 0))(x),
        func.jacrev(lambda x: functional.log_softmax(x, 0)[1:3])(x),
        func.hessian(lambda x: functional.cross_entropy(x.unsqueeze(0), label))(x),
    ]


@same
def test_gradients_of_every_sample(torch):
    func, functional = torch.func, torch.nn.functional
    model, parameters = network(torch)
    x, y = torch.randn(6, 4), torch.tensor([0, 2, 1, 1, 0, 2])

    def loss(parameters, x, y):
        scores = func.functional_call(model, parameters, (x.unsqueeze(0),))
        return functional.cross_entropy(scores, y.unsqueeze(0))

    whole = func.vmap(func.grad(loss), in_dims=(None, 0, 0))(parameters, x, y)
    chunks = func.vmap(func.grad_and_value(loss), in_dims=(None, 0, 0), chunk_size=4)(parameters, x, y)
    return values(whole), chunks[1].detach()


@same
def test_gradients_of_every_sample_of_a_convolutional_network(torch):
    func, nn = torch.func, torch.nn
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    parameters = {name: each.detach() for name, each in model.named_parameters()}
    images, labels = torch.randn(5, 1, 6, 6), torch.tensor([0, 2, 1, 1, 0])

    def loss(parameters, x, y):
        return nn.functional.cross_entropy(func.functional_call(model, parameters, (x[None],)), y[None])

    return values(func.vmap(func.grad(loss), in_dims=(None, 0, 0))(parameters, images, labels))


@same
def test_gradients_of_every_sample_of_an_embedding_and_a_normalisation(torch):
    func, nn = torch.func, torch.nn
    torch.manual_seed(1)
    table, layer = nn.Embedding(7, 3), nn.LayerNorm(4)
    rows = {"weight": table.weight.detach()}
    scales = {name: each.detach() for name, each in layer.named_parameters()}
    of_rows = func.grad(lambda p, i: func.functional_call(table, p, (i,)).pow(2).sum())
    of_scales = func.grad(lambda p, x: func.functional_call(layer, p, (x,)).pow(3).sum())
    return [
        values(func.vmap(of_rows, (None, 0))(rows, torch.tensor([[1, 2], [3, 3]]))),
        values(func.vmap(of_scales, (None, 0))(scales, torch.randn(6, 4))),
    ]


@same
def test_an_ensemble_of_models(torch):
    func, nn = torch.func, torch.nn
    torch.manual_seed(1)
    models = [nn.Linear(4, 2) for _ in range(3)]
    parameters, buffers = func.stack_module_state(models)
    x = torch.randn(5, 4)
    found = func.vmap(lambda p, b, x: func.functional_call(models[0], (p, b), (x,)), (0, 0, None))(
        parameters, buffers, x
    )
    return found.detach(), parameters["weight"].requires_grad, parameters["weight"].is_leaf


@same
def test_dimensions_of_arguments_and_results(torch):
    vmap, x = torch.vmap, matrix(torch)
    return [
        vmap(torch.dot)(x, x),
        vmap(lambda x, y: x @ y, in_dims=(1, None), out_dims=1)(x.T, x.T[:, :2]),
        vmap(lambda x: (x.sum(), {"k": x}), out_dims=(0, {"k": 1}))(x),
        vmap(lambda tree, y: tree["a"] + y, in_dims=({"a": 0}, None))({"a": x}, x[0]),
        vmap(lambda x, n: x * n, in_dims=(-1, None))(x, 2),
        vmap(lambda x: torch.ones(2))(x),
        vmap(lambda x: x[0], chunk_size=2)(x),
        vmap(lambda x, y: x + y, in_dims=(0, 0))(x[:, 0], x),
        vmap(lambda x: x.float() + x[0])(x),
        vmap(lambda x: (x.sum(), 3), out_dims=(0, None))(x),
        vmap(lambda x: x)(x[:0]).shape,
    ]


@same
def test_maps_nest_with_each_other_and_with_derivatives(torch):
    func, x = torch.func, matrix(torch)
    vmap = func.vmap
    return [
        vmap(vmap(torch.dot, (None, 0)), (0, None))(x, x),
        vmap(lambda x: vmap(lambda y: (x * y).sum())(matrix(torch)))(x),
        vmap(func.jacrev(lambda x: x**2))(x),
        vmap(func.jacfwd(lambda x: x**2))(x).abs(),
        vmap(func.hessian(lambda x: (x**3).sum()))(x).abs(),
        vmap(func.grad(func.grad(torch.sin)))(x[0]),
        func.jacrev(vmap(torch.exp))(x[:2, :2]),
        func.grad(lambda w: vmap(lambda x: (x * w).sum().tanh())(x).sum())(x[0]),
        vmap(lambda v: func.jvp(torch.sin, (x[0],), (v,))[1])(x),
        vmap(lambda v: func.vjp(torch.sin, x[0])[1](v)[0])(x),
        vmap(func.vjp(torch.sin, x[0])[1])(x)[0],
        vmap(vmap(func.grad(lambda x: x**3)))(x),
    ]


@same
def test_writes_into_samples(torch):
    vmap = torch.vmap

    def several(x):
        y = x.clone()
        y[0] = 0
        y[1:].mul_(2)
        y += 1
        y[1:3] = x[:2]
        y.sin_().t_()
        z = torch.zeros_like(x)
        z[1] = x[2]
        z[torch.tensor([0, 2])] = x[:2]
        return y, z.copy_(z + x), x.new_zeros(2).fill_(x[0])

    x = matrix(torch)
    changed = matrix(torch)
    vmap(lambda x: x.add_(1))(changed)
    return vmap(several)(x), changed


@same
def test_samples_are_indexed(torch):
    vmap, x = torch.vmap, matrix(torch)
    places = torch.tensor([1, 3, 0])
    return [
        vmap(lambda x: x[torch.tensor([0, 0, 2])])(x),
        vmap(lambda i: x[:, i])(places),
        vmap(lambda x, i: x[i])(x, places),
        vmap(lambda x, i: x[None, i, ...])(x, places),
        vmap(lambda x: x.reshape(2, 2)[:, 1])(x),
        vmap(lambda x, i: x.reshape(2, 2)[i % 2, torch.tensor([0, 1])])(x, places),
        vmap(lambda x, i: torch.gather(x, 0, i[None]))(x, places),
        vmap(lambda x, i: x.index_select(0, i[None]))(x, places),
    ]


@same
def test_random_numbers_of_samples(torch):
    functional, x = torch.nn.functional, matrix(torch).float()
    found = []
    for randomness in ("different", "same"):

        def draw(function, randomness=randomness):
            torch.manual_seed(3)
            found.append(torch.vmap(function, randomness=randomness)(x))

        draw(lambda x: torch.rand(3))
        draw(lambda x: torch.randn(20) + x[0])
        draw(lambda x: torch.randint(0, 10, (3,)))
        draw(lambda x: functional.dropout(x, 0.5))
        draw(lambda x: x.clone().normal_())
    torch.manual_seed(3)
    found.append(torch.vmap(torch.rand_like, randomness="different")(x))
    found.append(torch.vmap(lambda x: torch.bernoulli(x.sigmoid()), randomness="different")(x))
    return found


@same
def test_refusals_of_vmap(torch):
    vmap, x = torch.func.vmap, matrix(torch)

    def write(x):
        y = torch.zeros(4, dtype=torch.float64)
        y[0] = x[0]
        return y

    def identity(x):
        return x

    calls = [
        lambda: vmap(lambda x: x.sum().item())(x),
        lambda: vmap(lambda x: x if x.sum() > 0 else -x)(x),
        lambda: vmap(lambda x: x.tolist())(x),
        lambda: vmap(lambda x: float(x.sum()))(x),
        lambda: vmap(lambda x: x + torch.rand(4))(x),
        lambda: vmap(lambda x: torch.nonzero(x))(x),
        lambda: vmap(lambda x: torch.unique(x))(x),
        lambda: vmap(lambda x: x[x > 0])(x),
        lambda: vmap(write)(x),
        lambda: vmap(lambda x: torch.zeros(4).copy_(x))(x),
        lambda: vmap(lambda x: x.requires_grad_())(x),
        lambda: vmap(lambda x: x.sum().backward())(x),
        lambda: vmap(lambda x: torch.autograd.grad(x.sum(), x))(x),
        lambda: vmap(lambda x: 3)(x),
        lambda: vmap(identity, out_dims=None)(x),
        lambda: vmap(identity, out_dims=5)(x),
        lambda: vmap(identity, out_dims=(0, 0))(x),
        lambda: vmap(identity, out_dims="a")(x),
        lambda: vmap(identity, randomness="a")(x),
        lambda: vmap(identity, chunk_size=0)(x),
        lambda: vmap(identity)(),
        lambda: vmap(identity)(3),
        lambda: vmap(identity, in_dims=(None,))(x),
        lambda: vmap(identity, in_dims=[0])(x),
        lambda: vmap(identity, in_dims=(0, 0))(x),
        lambda: vmap(identity, in_dims=(4,))(x),
        lambda: vmap(lambda x, y: x)(x, x[0]),
    ]
    return [attempt(call) for call in calls]


@same
def test_refusals_of_derivatives(torch):
    func, x = torch.func, matrix(torch)
    calls = [
        lambda: func.grad(lambda x: x)(x),
        lambda: func.grad(lambda x: (x.sum(), 1))(x),
        lambda: func.grad(lambda x: (x.sum(), 1), has_aux=True)(x),
        lambda: func.grad(lambda x: 3.0)(x),
        lambda: func.grad(lambda x: x.sum(), has_aux=True)(x),
        lambda: func.grad(lambda x: x.sum(), argnums=2)(x),
        lambda: func.grad(lambda x: x.sum(), argnums=())(x),
        lambda: func.grad(lambda x: x.sum(), argnums="a")(x),
        lambda: func.grad(lambda x: x.sum())(3.0),
        lambda: func.grad(lambda x: x.sum())(torch.tensor([1, 2])),
        lambda: func.vjp(lambda x: (x, 3), x),
        lambda: func.vjp(lambda x: (), x),
        lambda: func.vjp(lambda x: x.long(), x),
        lambda: func.vjp(lambda x: x, x)[1]((x, x)),
        lambda: func.vjp(lambda x: x, x)[1](x[0]),
        lambda: func.jvp(lambda x: x, x, x),
        lambda: func.jvp(lambda x: x, (x,), (x, x)),
        lambda: func.jvp(lambda x: x, (x,), (x[0],)),
        lambda: func.jvp(lambda x: x, (), ()),
        lambda: func.jvp(lambda x: 3, (x,), (x,)),
        lambda: func.jacrev(lambda x: 3)(x),
        lambda: func.jacrev(lambda x: x, chunk_size=-1)(x),
        lambda: func.jacrev(lambda x: x, argnums=3)(x),
        lambda: func.jacfwd(lambda x: 3)(x),
    ]
    return [attempt(call) for call in calls]


@same
def test_modules_as_functions(torch):
    func, nn = torch.func, torch.nn
    ones = torch.ones(2)
    weight = {"weight": torch.ones(2, 2)}
    both = {**weight, "bias": torch.zeros(2)}
    norm = nn.BatchNorm1d(2)
    buffers = {name: each.clone() for name, each in norm.named_buffers()}
    func.functional_call(norm, buffers, (torch.eye(2),))
    calls = [
        lambda: func.functional_call(nn.Linear(2, 2), both, ones).detach(),
        lambda: func.functional_call(nn.Linear(2, 2), (weight, {"bias": ones}), (ones,)).detach(),
        lambda: func.functional_call(nn.Linear(2, 2), {**weight, "x": ones}, (ones,), strict=True),
        lambda: func.functional_call(nn.Linear(2, 2), [weight, weight], (ones,)),
        lambda: func.functional_call(nn.Linear(2, 2), 3, (ones,)),
        lambda: func.functional_call(nn.Linear(2, 2), [3], (ones,)),
        lambda: func.stack_module_state([]),
        lambda: func.stack_module_state([nn.Linear(2, 2), nn.ReLU()]),
        lambda: func.stack_module_state([nn.ReLU().eval(), nn.ReLU()]),
    ]
    return [attempt(call) for call in calls], buffers, norm.num_batches_tracked


@same
def test_weights_that_are_tied_are_replaced_together(torch):
    func, nn = torch.func, torch.nn

    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 2, bias=False)
            self.second = nn.Linear(2, 2, bias=False)
            self.second.weight = self.first.weight

        def forward(self, x):
            return self.second(self.first(x))

    model, given = Tied(), {"first.weight": torch.full((2, 2), 2.0)}
    other = {**given, "second.weight": torch.ones(2, 2)}
    return [
        func.functional_call(model, given, torch.ones(2)).detach(),
        attempt(lambda: func.functional_call(model, other, torch.ones(2))),
        func.functional_call(model, other, torch.ones(2), tie_weights=False).detach(),
    ]


def functions(torch):
    """Return functions of users: with a rule that is made, with one of its own, and with none."""

    class Made(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x, w):
            return x**3 * w

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, grad):
            x, w = ctx.saved_tensors
            return grad * 3 * x**2 * w, grad * x**3

    class Own(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return x * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

        @staticmethod
        def vmap(info, in_dims, x):
            return Own.apply(x), in_dims[info.batch_size - 3]

    class Without(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return x * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

    class Old(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    return Made, Own, Without, Old


@same
def test_functions_of_users_under_transforms(torch):
    func, x = torch.func, matrix(torch)
    made, own, without, old = functions(torch)
    w = vector(torch)
    return [
        func.vmap(made.apply, (0, None))(x, w),
        func.vmap(func.grad(lambda x, w: made.apply(x, w).sum()), (0, None))(x, w),
        func.vmap(func.grad(lambda x, w: made.apply(x, w).sum(), argnums=1), (0, None))(x, w),
        func.grad(lambda w: func.vmap(made.apply, (0, None))(x, w).sum())(w),
        func.jacrev(lambda x: made.apply(x, w))(w).abs(),
        func.vmap(own.apply)(x),
        func.vmap(func.grad(lambda x: own.apply(x).sum()))(x),
        attempt(lambda: func.vmap(without.apply)(x)),
        attempt(lambda: func.vmap(old.apply)(x)),
    ]


@same
def test_batches_of_gradients(torch):
    y = vector(torch).requires_grad_()
    z = y.exp() * y
    basis = torch.eye(4, dtype=torch.float64)
    return [
        torch.vmap(lambda v: torch.autograd.grad(z, y, v, retain_graph=True)[0])(basis),
        torch.autograd.grad(z, y, basis, is_grads_batched=True, retain_graph=True),
    ]


def test_linearize_evaluates_once_and_multiplies_like_jvp():
    import minigrad

    func, x = minigrad.func, minigrad.tensor([0.5, -1.0])
    calls = []

    def function(x):
        calls.append(1)
        return x.sin() * x[0]

    output, push = func.linearize(function, x)
    for tangent in (minigrad.ones(2), x):
        expected = func.jvp(lambda x: x.sin() * x[0], (x,), (tangent,))
        assert output.tolist() == expected[0].tolist()
        assert push(tangent).tolist() == pytest.approx(expected[1].tolist())
    assert len(calls) == 1
    with pytest.raises(RuntimeError, match="doesn't match the shape"):
        push(minigrad.ones(3))


@same
def test_trees(torch):
    import importlib

    tree = importlib.import_module(f"{torch.__name__}.utils._pytree")
    nested = {"a": [1, (2, 3)], "b": None, "c": {"d": 4}}
    leaves, spec = tree.tree_flatten(nested)
    return [
        leaves,
        repr(spec),
        tree.tree_unflatten([10 * k for k in range(5)], spec),
        tree.tree_map(lambda x: (x, x), {"k": [1, 2]}),
        tree.tree_map(lambda x, y: x + y, [1, (2,)], [3, (4,)]),
        tree.tree_leaves(((1,), [2])),
        spec.num_leaves,
        tree.tree_map_only(int, lambda x: x + 1, [1, "a"]),
        tree.tree_all(lambda x: x > 0, [1, 2]),
        attempt(lambda: tree.tree_unflatten([1], spec))[:30],
    ]


@same
def test_batch_norm_without_running_averages(torch):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.InstanceNorm1d(4))
    found = torch.func.replace_all_batch_norm_modules_(model)
    norm = model[1]
    return (
        found is model,
        norm.running_mean,
        norm.num_batches_tracked,
        norm.track_running_stats,
        list(model.state_dict()),
    )
