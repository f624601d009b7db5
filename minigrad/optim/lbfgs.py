"""L-BFGS: a quasi-Newton method with little memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from minigrad.autograd import enable_grad, no_grad
from minigrad.creation import zeros
from minigrad.ops.join import cat
from minigrad.tensor import Tensor

from ._checks import Checks, learning_rate
from ._line_search import Point, strong_wolfe
from .optimizer import Optimizer, ParamsT, as_number

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Steps along the gradient times an inverse Hessian that is estimated from the last steps [1]_.

    Parameters
    ----------
    params : iterable
        Tensors or named tensors; one group only.
    lr : float or one-element Tensor
        Length of a step, or the first length that the line search tries.
    max_iter : int
        Iterations a :meth:`step`.
    max_eval : int, optional
        Evaluations of the closure a :meth:`step`; ``max_iter * 5 // 4`` unless given.
    tolerance_grad : float
        Stop when no element of the gradient is larger.
    tolerance_change : float
        Stop when the loss, or every element of the parameters, changed by less.
    history_size : int
        Steps that are remembered.
    line_search_fn : {"strong_wolfe"}, optional

    Notes
    -----
    The state belongs to all parameters together and is filed under the first one.

    References
    ----------
    .. [1] D. C. Liu, J. Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical
       Programming 45, 1989.
    """

    checks: ClassVar[Checks] = {"lr": learning_rate()}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        options = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, options)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:
        """Run up to ``max_iter`` iterations.

        Parameters
        ----------
        closure : callable
            Computes the loss and its gradients, and returns the loss.

        Returns
        -------
        Tensor
            The loss before the first iteration.

        Raises
        ------
        RuntimeError
            For an unknown line search.
        """
        (group,) = self.param_groups
        lr, tolerance = as_number(group["lr"]), group["tolerance_change"]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = enable_grad()(closure)()
        loss, grad = float(first_loss), self._flat_gradient()
        state["func_evals"] += 1
        evaluations = 1
        if grad.abs().max() <= group["tolerance_grad"]:
            return first_loss

        memory = {name: state.get(name) for name in ("d", "t", "old_dirs", "old_stps", "ro", "H_diag")}
        previous_grad, previous_loss = state.get("prev_flat_grad"), state.get("prev_loss")
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                memory = {"d": -grad, "t": lr, "old_dirs": [], "old_stps": [], "ro": [], "H_diag": 1}
                t = min(1.0, 1.0 / float(grad.abs().sum())) * lr
            else:
                self._remember(memory, grad - previous_grad, group["history_size"])
                memory["d"] = self._direction(memory, state.setdefault("al", [None] * group["history_size"]), grad)
                t = lr
            previous_grad, previous_loss = grad.clone(), loss
            d = memory["d"]
            memory["t"] = t
            slope = float(grad.dot(d))
            if slope > -tolerance:
                break

            last = iteration == group["max_iter"]
            if group["line_search_fn"] is not None:
                point, used = strong_wolfe(
                    lambda t, d=d: self._at(closure, t, d),  # type: ignore[misc]
                    Point(0.0, loss, grad, slope),
                    t,
                    float(d.abs().max()),
                    1e-9,
                    group["max_eval"] - evaluations,
                )
                memory["t"], loss, grad, _ = point
                self._move(memory["t"], d)
            else:
                self._move(t, d)
                used = 0 if last else 1  # in a stochastic setting the last point is not worth an evaluation
                if not last:
                    loss, grad = float(enable_grad()(closure)()), self._flat_gradient()
            evaluations += used
            state["func_evals"] += used
            if (
                last
                or evaluations >= group["max_eval"]
                or grad.abs().max() <= group["tolerance_grad"]
                or (d * memory["t"]).abs().max() <= tolerance
                or abs(loss - previous_loss) < tolerance
            ):
                break
        state.update(memory, prev_flat_grad=previous_grad, prev_loss=previous_loss)
        return first_loss

    @staticmethod
    def _remember(memory: dict[str, Any], change: Tensor, history_size: int) -> None:
        """Add the last step and the change of the gradient along it, unless the curvature is not positive."""
        step = memory["d"] * memory["t"]
        curvature = change.dot(step)
        if curvature <= 1e-10:
            return
        for name, value in (("old_dirs", change), ("old_stps", step), ("ro", 1.0 / curvature)):
            if len(memory[name]) == history_size:
                memory[name].pop(0)
            memory[name].append(value)
        memory["H_diag"] = curvature / change.dot(change)

    @staticmethod
    def _direction(memory: dict[str, Any], alphas: list[Any], grad: Tensor) -> Tensor:
        """Return minus the estimated inverse Hessian times the gradient, by the two-loop recursion."""
        history = list(enumerate(zip(memory["old_dirs"], memory["old_stps"], memory["ro"], strict=True)))
        d = -grad
        for i, (change, step, rho) in reversed(history):
            alphas[i] = step.dot(d) * rho
            d = d - change * alphas[i]
        d = d * memory["H_diag"]
        for i, (change, step, rho) in history:
            d = d + step * (alphas[i] - change.dot(d) * rho)
        return d

    def _flat_gradient(self) -> Tensor:
        params = self.param_groups[0]["params"]
        return cat(
            [zeros(p.numel(), dtype=p.dtype, device=p.device) if p.grad is None else p.grad.reshape(-1) for p in params]
        )

    def _move(self, t: float, d: Tensor) -> None:
        start = 0
        for p in self.param_groups[0]["params"]:
            p.add_(d[start : start + p.numel()].reshape(p.shape), alpha=t)
            start += p.numel()

    def _at(self, closure: Callable[[], Any], t: float, d: Tensor) -> Point:
        """Return the point ``t`` steps along ``d``, leaving the parameters where they are."""
        params = self.param_groups[0]["params"]
        before = [p.clone() for p in params]
        self._move(t, d)
        loss, grad = float(enable_grad()(closure)()), self._flat_gradient()
        for p, old in zip(params, before, strict=True):
            p.copy_(old)
        return Point(t, loss, grad, float(grad.dot(d)))
