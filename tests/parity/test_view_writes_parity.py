"""Writing into views, and into tensors that share memory or changed their shape, as PyTorch allows and refuses it."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, leaf, same


@same
def test_rows_of_an_iteration_refuse_writes(torch):
    x = leaf(torch, 1.0, 2.0).view(2, 1) * 1
    return attempt(lambda: [r.mul_(2) for r in x])


@same
def test_views_of_one_of_several_views_refuse_a_recorded_write_too(torch):
    y = leaf(torch, 1.0, 2.0, 3.0, 4.0) * 1
    a, b = y.split(2)
    _, d = y.split([1, 3])

    def assigned():
        b[0][...] = 1

    writes = (
        lambda: a[0].add_(1),
        lambda: a[:1].view(1).zero_(),
        assigned,
        lambda: d.mul_(2),
        lambda: y.view(2, 2).unbind()[1][:1].fill_(0),
        lambda: torch.zeros(4).split(2)[0].add_(leaf(torch, 1.0)),
    )
    return [attempt(write) for write in writes]


@same
def test_one_of_several_views_cannot_follow_a_write_into_its_base(torch):
    def written(take, write):
        y = leaf(torch, 1.0, 2.0, 3.0, 4.0) * 1
        view = take(y)
        write(y)
        uses = (lambda: view.requires_grad, lambda: view * 2, lambda: view.grad_fn, lambda: view.detach(), view.tolist)
        return [attempt(use) for use in (*uses, lambda: repr(view))]

    def under_no_grad(y):
        with torch.no_grad():
            return y[:2]

    takes = (lambda y: y.split(2)[1], lambda y: y.view(2, 2).unbind()[0][:1], lambda y: y[:2], under_no_grad)
    writes = (lambda y: y.add_(1), lambda y: y.detach().add_(1), lambda y: y.data.add_(1))
    return [written(take, write) for take in takes for write in writes]


@same
def test_views_made_under_no_grad_want_gradients_of_their_own(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    with torch.no_grad():
        view = x[:2]
    (view * 3).sum().backward()
    return view.requires_grad, view.is_leaf, view.grad, x.grad, attempt(lambda: view[0].add_(1))


@same
def test_tensors_that_change_their_shape_keep_their_views(torch):
    def changed(base, change, write):
        x = leaf(torch, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
        y = x.view(1, 2, 3) * 1 if base else (x * 1).view(1, 2, 3)
        old = y[0, 1]
        change(y)
        new = y[-1]
        write(y, old, new)
        weights = torch.arange(1, y.numel() + 1).view(y.shape)
        ((y * weights).sum() + (old * old).sum() + new.sum()).backward()
        return y, old, new, x.grad

    changes = (
        lambda y: y.squeeze_(),
        lambda y: y.squeeze_(0),
        lambda y: y.squeeze_((0, 1)),
        lambda y: y.unsqueeze_(1),
        lambda y: y.transpose_(1, 2),
        lambda y: y.squeeze_(0).t_(),
        lambda y: y.swapaxes_(0, 2).squeeze_(),
    )
    writes = (
        lambda y, old, new: y.mul_(2),
        lambda y, old, new: old.mul_(3),
        lambda y, old, new: new.mul_(4),
        lambda y, old, new: [old.mul_(3), y.exp_(), new.mul_(4), old[1:].mul_(5)],
    )
    return [changed(base, change, write) for base in (True, False) for change in changes for write in writes]


@same
def test_second_gradients_pass_a_tensor_that_changed_its_shape(torch):
    x = leaf(torch, 1.0, 2.0, 3.0, 4.0)
    y = x.view(2, 2) ** 3
    row = y[0]
    y.t_()
    row.mul_(row.detach())
    (first,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    return first, second


@same
def test_results_in_a_dtype_without_gradients_are_refused(torch):
    x = leaf(torch, 1.0, 2.0)
    calls = (
        lambda: x.sum(dtype=torch.int64),
        lambda: torch.sum(x, 0, dtype=torch.int32),
        lambda: x.prod(dtype=torch.bool),
        lambda: x.cumsum(0, dtype=torch.int64),
        lambda: x.cumprod(0, dtype=torch.uint8),
        lambda: x.nansum(dtype=torch.int64),
        lambda: x.sum(dtype=torch.float32),
        lambda: x.detach().sum(dtype=torch.int64),
        lambda: x.softmax(0, dtype=torch.int64),
    )
    return [attempt(call) for call in calls]


@same
def test_bytes_read_as_another_dtype_want_no_gradients(torch):
    x = torch.ones(2, 4, requires_grad=True)
    views = [x.view(torch.int32), (x * 1).view(dtype=torch.float64), x.view(torch.float32)]
    return views, [each.requires_grad for each in views], attempt(lambda: x.view((4, 2), dtype=torch.int32))


@same
def test_writes_into_what_is_read_are_refused(torch):
    def shifted(write):
        def run():
            x = torch.arange(12.0)
            return [write(x[1:], x[:-1]), x]

        return attempt(run)

    def crossed(write):
        def run():
            x = torch.arange(9.0).view(3, 3)
            return [write(x, x.t()), x]

        return attempt(run)

    def assigned(target, source):
        target[:] = source

    def added(target, source):
        target += source

    writes = (
        lambda target, source: target.copy_(source),
        lambda target, source: target.add_(source),
        lambda target, source: target.sub_(source, alpha=2),
        lambda target, source: target.pow_(source),
        lambda target, source: target.eq_(source),
        lambda target, source: target.clamp_(min=source),
        lambda target, source: target.lerp_(source, 0.5),
        lambda target, source: target.addcmul_(target, source),
        lambda target, source: target.atan2_(source),
        lambda target, source: torch.mul(target, source, out=target),
        lambda target, source: torch.exp(source, out=target),
        lambda target, source: torch.add(source, 1, out=target),
        lambda target, source: target.masked_fill_(source > 3, 0.0),
        lambda target, source: target.copy_(source.clone()),
        lambda target, source: target.add_(target),
        assigned,
        added,
    )

    def scattered():
        x = torch.arange(6.0)
        return x.scatter_(0, torch.tensor([0, 1]), x[1:3])

    def strided():
        x = torch.arange(6.0)
        return x[::2].mul_(x[1::2]), x

    rest = [attempt(scattered), attempt(strided)]
    return [shifted(write) for write in writes], [crossed(write) for write in writes], rest


@same
def test_expanded_tensors_are_written_element_by_element(torch):
    def written(write):
        def run():
            x = torch.zeros(3, 1)
            y = x.expand(3, 4)
            write(y)
            return x, y

        return attempt(run)

    def one(y):
        y[1, 2] = 5

    def a_column(y):
        y[:, 3] = torch.tensor([1.0, 2.0, 3.0])

    def all_of_them(y):
        y[:] = 1

    writes = (
        one,
        a_column,
        all_of_them,
        lambda y: y[0, 0].add_(3),
        lambda y: y[:, 1].copy_(torch.ones(3)),
        lambda y: torch.add(torch.ones(3), 1, out=y[:, 2]),
        lambda y: y.fill_(7),
        lambda y: y.zero_(),
        lambda y: y[:, 0].normal_(),
        lambda y: y.add_(1),
        lambda y: y.copy_(torch.ones(3, 4)),
        lambda y: y.normal_(),
        lambda y: torch.add(y, 1, out=y),
        lambda y: y[:0].add_(1),
    )
    return [written(write) for write in writes]


@same
def test_gradients_pass_writes_through_views_whatever_the_order_of_their_own_elements(torch):
    found = []
    for create_graph in (False, True):
        x = torch.arange(9, dtype=torch.float64).sin().reshape(3, 3).requires_grad_()
        d = torch.ones(3, dtype=torch.float64, requires_grad=True)
        weights = torch.arange(9, dtype=torch.float64).cos().reshape(3, 3)
        y = x * 1
        y.view(-1)[::4] += d
        z = torch.zeros(3, 3, dtype=torch.float64).t().copy_(x)
        z.t().view(-1)[::2] *= x.sum()
        total = (y.t() ** 3 * weights).sum() + (z**2 * weights).sum()
        grads = torch.autograd.grad(total, (x, d), create_graph=create_graph)
        found += [each.detach() for each in grads]
        if create_graph:
            found += torch.autograd.grad(grads[0].sin().sum() + grads[1].sum(), (x, d))
    return found


@same
def test_factors_may_come_before_what_they_scale_as_they_once_did(torch):
    x = torch.arange(3, dtype=torch.float64).requires_grad_()
    y = torch.tensor([2.0, 3.0, 4.0], dtype=torch.float64, requires_grad=True)
    z = torch.tensor([1.0, 5.0, 7.0], dtype=torch.float64)
    calls = [
        lambda: x.add(2, y),
        lambda: torch.add(x, 2, y),
        lambda: x.sub(2.5, y),
        lambda: torch.sub(x, 2, y),
        lambda: x.clone().add_(-0.1, y),
        lambda: x.clone().sub_(2, y),
        lambda: x.add(torch.tensor(2.0), y),
        lambda: x.addcmul(2, y, z),
        lambda: torch.addcmul(x, 2, y, z),
        lambda: x.clone().addcmul_(0.5, y, z),
        lambda: x.addcdiv(2, z, y),
        lambda: x.clone().addcdiv_(-0.1, z, y),
        lambda: x.clone().add_(2, torch.ones(1, dtype=torch.float64)),
        lambda: x.detach().clone().add_(2, y.detach()),
        lambda: x.detach().clone().add_(3, torch.tensor(1.0)),
    ]
    found = []
    for call in calls:
        out = call()
        found += [out, *(torch.autograd.grad(out.sum(), (x, y), allow_unused=True) if out.requires_grad else ())]
    return found, x.add(2, 3), attempt(lambda: torch.addcmul(x, 2, y))


@same
def test_another_shape_while_nothing_is_recorded(torch):
    def changed(base, change):
        x = leaf(torch, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
        y = x.view(1, 2, 3) * 1
        v = y if base else y.transpose(1, 2)
        with torch.no_grad():
            change(v)
        v.mul_(2)
        y.add_(1)
        return v, y, [each.requires_grad for each in (v, y)]

    changes = (
        lambda v: v.squeeze_(0),
        lambda v: v.transpose_(0, 1),
        lambda v: v.unsqueeze_(0),
        lambda v: v.swapdims_(1, 2),
    )
    return [attempt(lambda b=b, c=c: changed(b, c)[0].tolist()) for b in (True, False) for c in changes]


@same
def test_a_row_may_be_assigned_to_all_rows(torch):
    x = leaf(torch, 1.0, 2.0, 3.0, 4.0)
    y = x.view(2, 2) * 1
    y[...] = y[1:]
    plain = torch.arange(4.0).view(2, 2)
    plain[:] = plain[1:]
    (y * y).sum().backward()
    return y, x.grad, plain


@same
def test_gradients_pass_a_write_into_part_of_an_expanded_tensor(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    y = x * 1
    y.expand(2, 3)[1].mul_(2)
    (y * y).sum().backward()
    return y, x.grad


@same
def test_views_by_strides_show_what_their_source_does_not(torch):
    x = leaf(torch, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    y = x.view(2, 3) * 1
    column, twice = y[:, 0], y.expand(2, 2, 3)
    beside, first = column.as_strided((2,), (1,)), twice.as_strided((2,), (1,))
    y.cumsum_(0)
    (beside * first).sum().backward()
    return y, beside, first, x.grad
