"""Distributions beside PyTorch's: samples from the same seed, densities, moments, entropies, divergences, refusals."""

from __future__ import annotations

import importlib

import pytest

import minigrad
import minigrad.distributions
from tests.parity.both import assert_alike, attempt, plain, same

torch = pytest.importorskip("torch")

# How each distribution is made, and values to ask for; t makes a tensor.
CASES = {
    "Normal": (lambda d, t: d.Normal(t([0.5, -1.0]), t([1.0, 2.0])), [0.3, -2.0]),
    "Normal of numbers": (lambda d, t: d.Normal(0.5, 2.0), 0.3),
    "Uniform": (lambda d, t: d.Uniform(t([0.0, -1.0]), t([1.0, 2.0])), [0.3, 1.5]),
    "Bernoulli": (lambda d, t: d.Bernoulli(t([0.3, 0.5])), [1.0, 0.0]),
    "Bernoulli of logits": (lambda d, t: d.Bernoulli(logits=t([0.3, -2.0])), [1.0, 0.0]),
    "Categorical": (lambda d, t: d.Categorical(t([[0.2, 0.3, 0.5], [1.0, 1.0, 2.0]])), [2.0, 1.0]),
    "Categorical of logits": (lambda d, t: d.Categorical(logits=t([0.2, -0.3, 0.5])), 1.0),
    "OneHotCategorical": (lambda d, t: d.OneHotCategorical(t([0.2, 0.3, 0.5])), [0.0, 1.0, 0.0]),
    "Exponential": (lambda d, t: d.Exponential(t([0.5, 3.0])), [0.3, 2.0]),
    "Laplace": (lambda d, t: d.Laplace(t([0.5, -1.0]), t([1.0, 2.0])), [0.3, -2.0]),
    "Cauchy": (lambda d, t: d.Cauchy(t([0.5, -1.0]), t([1.0, 2.0])), [0.3, -2.0]),
    "Geometric": (lambda d, t: d.Geometric(t([0.3, 0.9])), [3.0, 0.0]),
    "Poisson": (lambda d, t: d.Poisson(t([0.7, 30.0])), [1.0, 25.0]),
    "Binomial": (lambda d, t: d.Binomial(5, t([0.3, 0.8])), [1.0, 4.0]),
    "Binomial of many": (lambda d, t: d.Binomial(t([100.0, 400.0]), t([0.3, 0.8])), [31.0, 300.0]),
    "NegativeBinomial": (lambda d, t: d.NegativeBinomial(t([5.0, 2.0]), t([0.3, 0.8])), [1.0, 4.0]),
    "Multinomial": (lambda d, t: d.Multinomial(4, t([0.2, 0.3, 0.5])), [1.0, 1.0, 2.0]),
    "Gumbel": (lambda d, t: d.Gumbel(t([0.5, -1.0]), t([1.0, 2.0])), [0.3, -2.0]),
    "HalfNormal": (lambda d, t: d.HalfNormal(t([0.5, 1.0])), [0.3, 2.0]),
    "HalfCauchy": (lambda d, t: d.HalfCauchy(t([0.5, 1.0])), [0.3, 2.0]),
    "LogNormal": (lambda d, t: d.LogNormal(t([0.5, -1.0]), t([1.0, 0.3])), [0.3, 2.0]),
    "Gamma": (lambda d, t: d.Gamma(t([0.5, 3.0]), t([1.0, 2.0])), [0.3, 2.0]),
    "InverseGamma": (lambda d, t: d.InverseGamma(t([1.5, 3.0]), t([1.0, 2.0])), [0.3, 2.0]),
    "Chi2": (lambda d, t: d.Chi2(t([0.5, 3.0])), [0.3, 2.0]),
    "Beta": (lambda d, t: d.Beta(t([0.5, 3.0]), t([1.0, 2.0])), [0.3, 0.9]),
    "Beta of numbers": (lambda d, t: d.Beta(0.5, 2.0), 0.3),
    "Dirichlet": (lambda d, t: d.Dirichlet(t([[0.5, 3.0, 1.0], [2.0, 2.0, 2.0]])), [[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]),
    "StudentT": (lambda d, t: d.StudentT(t([0.5, 1.5, 3.0]), 1.0, t([1.0, 2.0, 0.5])), [0.3, 2.0, 1.0]),
    "Weibull": (lambda d, t: d.Weibull(t([0.5, 3.0]), t([1.0, 2.0])), [0.3, 2.0]),
    "Pareto": (lambda d, t: d.Pareto(t([0.5, 1.0]), t([1.5, 3.0])), [0.7, 2.0]),
    "MultivariateNormal": (lambda d, t: d.MultivariateNormal(t([0.5, -1.0]), t([[2.0, 0.5], [0.5, 1.0]])), [0.3, -2.0]),
    "MultivariateNormal of a factor": (
        lambda d, t: d.MultivariateNormal(t([[0.5, -1.0], [0.0, 0.0]]), scale_tril=t([[2.0, 0.0], [0.5, 1.0]])),
        [[0.3, -2.0], [1.0, 1.0]],
    ),
    "MultivariateNormal of a precision": (
        lambda d, t: d.MultivariateNormal(t([0.5, -1.0]), precision_matrix=t([[2.0, 0.5], [0.5, 1.0]])),
        [0.3, -2.0],
    ),
    "ContinuousBernoulli": (lambda d, t: d.ContinuousBernoulli(t([0.3, 0.5, 0.9])), [0.2, 0.5, 1.0]),
    "ContinuousBernoulli of logits": (lambda d, t: d.ContinuousBernoulli(logits=t([0.3, -2.0])), [0.2, 0.7]),
    "FisherSnedecor": (lambda d, t: d.FisherSnedecor(t([1.5, 3.0, 4.0]), t([2.0, 5.0, 3.0])), [0.3, 2.0, 1.0]),
    "GeneralizedPareto": (
        lambda d, t: d.GeneralizedPareto(0.5, t([1.0, 2.0, 1.0]).float(), t([0.3, 0.0, -0.5]).float()),
        [0.7, 2.0, 1.0],
    ),
    "Kumaraswamy": (lambda d, t: d.Kumaraswamy(t([0.5, 3.0]), t([1.5, 2.0])), [0.3, 0.9]),
    "LogisticNormal": (lambda d, t: d.LogisticNormal(t([0.5, -1.0]), t([1.0, 2.0])), [0.2, 0.3, 0.5]),
    "VonMises": (lambda d, t: d.VonMises(t([0.5, -1.0, 2.0]), t([1.0, 20.0, 1e-6])), [0.3, 2.0, 1.0]),
    "LKJCholesky": (lambda d, t: d.LKJCholesky(3, t([0.5, 2.0])), [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.6, 0.8]]),
    "Wishart": (lambda d, t: d.Wishart(t([3.5, 5.0]), t([[2.0, 0.5], [0.5, 1.0]])), [[2.0, 0.3], [0.3, 1.0]]),
    "Wishart of a factor": (
        lambda d, t: d.Wishart(4.5, scale_tril=t([[[2.0, 0.0], [0.5, 1.0]], [[1.0, 0.0], [0.0, 1.0]]])),
        [[2.0, 0.3], [0.3, 1.0]],
    ),
    "Wishart of a precision": (
        lambda d, t: d.Wishart(3, precision_matrix=t([[2.0, 0.5], [0.5, 1.0]])),
        [[2.0, 0.3], [0.3, 1.0]],
    ),
    "LowRankMultivariateNormal": (
        lambda d, t: d.LowRankMultivariateNormal(t([0.5, -1.0, 2.0]), t([[1.0], [0.5], [-1.0]]), t([1.0, 0.5, 2.0])),
        [0.3, -2.0, 1.0],
    ),
    "LowRankMultivariateNormal in a batch": (
        lambda d, t: d.LowRankMultivariateNormal(t([[0.5, -1.0], [0.0, 1.0]]), t([[1.0], [0.5]]), t([1.0, 0.5])),
        [[0.3, -2.0], [1.0, 1.0]],
    ),
    "Independent": (lambda d, t: d.Independent(d.Normal(t([0.5, -1.0]), t([1.0, 2.0])), 1), [0.3, -2.0]),
    "RelaxedBernoulli": (lambda d, t: d.RelaxedBernoulli(t(0.7), t([0.3, 0.6])), [0.3, 0.9]),
    "RelaxedOneHotCategorical": (lambda d, t: d.RelaxedOneHotCategorical(t(0.7), t([0.3, 0.6, 0.1])), [0.2, 0.3, 0.5]),
    "MixtureSameFamily": (
        lambda d, t: d.MixtureSameFamily(d.Categorical(t([0.3, 0.7])), d.Normal(t([0.5, -1.0]), t([1.0, 2.0]))),
        0.4,
    ),
    "TransformedDistribution": (
        lambda d, t: d.TransformedDistribution(
            d.Normal(t([0.5, -1.0]), 1.0), [d.transforms.SigmoidTransform(), d.transforms.AffineTransform(1.0, -2.0)]
        ),
        [0.3, -0.5],
    ),
}

QUESTIONS = ("mean", "mode", "variance", "stddev", "batch_shape", "event_shape", "has_rsample", "has_enumerate_support")


def made(library, case):
    make, values = CASES[case]
    tensor = lambda data: library.tensor(data, dtype=library.float64)  # noqa: E731
    return make(importlib.import_module(f"{library.__name__}.distributions"), tensor), tensor(values)


def answers(library, case):
    library.manual_seed(0)
    distribution, value = made(library, case)
    found = {name: attempt(lambda name=name: getattr(distribution, name)) for name in QUESTIONS}
    found["log_prob"] = attempt(lambda: distribution.log_prob(value))
    for name in ("cdf", "icdf"):
        argument = value if name == "cdf" else (value - value + 0.3)
        found[name] = attempt(lambda name=name, argument=argument: getattr(distribution, name)(argument))
    found["entropy"] = attempt(distribution.entropy)
    found["perplexity"] = attempt(distribution.perplexity)
    found["enumerated"] = attempt(distribution.enumerate_support)
    found["repr"] = repr(distribution)
    found["support"] = attempt(lambda: repr(distribution.support))
    wider = distribution.expand((3, *distribution.batch_shape))
    found["expanded"] = attempt(lambda: (wider.batch_shape, wider.mean))
    found["again"] = attempt(lambda: wider.log_prob(value))
    return found


def nameless(value):
    """Leave out the names of nodes, which belong to how something is computed, and the library's own."""
    if isinstance(value, str):
        return value.replace("minigrad.", "torch.")
    if isinstance(value, list) and value[:1] == ["tensor"]:
        return value[:5]
    if isinstance(value, list):
        return [nameless(each) for each in value]
    return {key: nameless(each) for key, each in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("case", CASES)
def test_answers(case):
    assert_alike(nameless(plain(answers(minigrad, case))), nameless(plain(answers(torch, case))))


@pytest.mark.filterwarnings("ignore:Singular sample")
@pytest.mark.parametrize("case", CASES)
def test_samples_from_the_same_seed(case):
    found = []
    for library in (minigrad, torch):
        library.manual_seed(1)
        distribution, _ = made(library, case)
        drawn = [distribution.sample(), distribution.sample((3,)), distribution.sample((20, 2))]
        if distribution.has_rsample:
            drawn.append(distribution.rsample((2,)))
        found.append([nameless(plain(each)) for each in drawn])
    assert_alike(*found)


GRADIENTS = {
    "Normal": (lambda d, a, b: d.Normal(a, b), 1e-5),
    "Uniform": (lambda d, a, b: d.Uniform(a, a + b), 1e-5),
    "Laplace": (lambda d, a, b: d.Laplace(a, b), 1e-5),
    "Gumbel": (lambda d, a, b: d.Gumbel(a, b), 1e-5),
    "LogNormal": (lambda d, a, b: d.LogNormal(a, b), 1e-5),
    "Exponential": (lambda d, a, b: d.Exponential(a * b), 1e-5),
    "MultivariateNormal": (lambda d, a, b: d.MultivariateNormal(a, (b * b).diag_embed()), 1e-5),
    "ContinuousBernoulli": (lambda d, a, b: d.ContinuousBernoulli(a / 3 + b / 9), 1e-5),
    "GeneralizedPareto": (lambda d, a, b: d.GeneralizedPareto(a, b, a * b / 9), 1e-5),
    "Kumaraswamy": (lambda d, a, b: d.Kumaraswamy(a, b), 1e-5),
    "LogisticNormal": (lambda d, a, b: d.LogisticNormal(a, b), 1e-5),
    "LowRankMultivariateNormal": (lambda d, a, b: d.LowRankMultivariateNormal(a, b.unsqueeze(-1), b), 1e-5),
    # PyTorch approximates these gradients, to about three digits.
    "Gamma": (lambda d, a, b: d.Gamma(a, b), 3e-3),
    "Beta": (lambda d, a, b: d.Beta(a, b), 3e-3),
    "Dirichlet": (lambda d, a, b: d.Dirichlet(a + b), 3e-3),
    "StudentT": (lambda d, a, b: d.StudentT(a + 2, a, b), 3e-3),
    "FisherSnedecor": (lambda d, a, b: d.FisherSnedecor(a + 2, b + 3), 3e-3),
}


@pytest.mark.filterwarnings("ignore:Singular sample")
@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_through_samples(name):
    make, tolerance = GRADIENTS[name]
    found = []
    for library in (minigrad, torch):
        library.manual_seed(2)
        a, b = (library.tensor(each, dtype=library.float64, requires_grad=True) for each in ([0.6, 2.0], [1.5, 0.8]))
        distribution = make(importlib.import_module(f"{library.__name__}.distributions"), a, b)
        drawn = distribution.rsample((5,))
        (drawn**2).sum().backward()
        found.append([each for tensor in (a, b) for each in (tensor.grad.tolist() if tensor.grad is not None else [])])
    assert found[0] == pytest.approx(found[1], rel=tolerance, abs=1e-6)


@pytest.mark.filterwarnings("ignore:Low df")
def test_samples_of_the_wishart_distribution_are_differentiable_by_the_factor():
    def drawn(factor):
        minigrad.manual_seed(0)
        return minigrad.distributions.Wishart(4.0, scale_tril=factor.tril()).rsample((2,))

    factor = minigrad.tensor([[2.0, 0.0], [0.5, 1.0]], dtype=minigrad.float64, requires_grad=True)
    assert minigrad.autograd.gradcheck(drawn, (factor,))


@same
def test_divergences(torch):
    d = importlib.import_module(f"{torch.__name__}.distributions")
    a, b, c = (torch.tensor(each, dtype=torch.float64) for each in ([0.3, 0.6], [0.5, 0.2], [0.9, 1.5]))
    pairs = [
        (d.Normal(a, b), d.Normal(b, c)),
        (d.Bernoulli(a), d.Bernoulli(b)),
        (d.Bernoulli(torch.tensor([0.0, 1.0])), d.Bernoulli(torch.tensor([0.5, 0.0]))),
        (d.Categorical(a), d.Categorical(b)),
        (d.OneHotCategorical(a), d.OneHotCategorical(b)),
        (d.Beta(a, b), d.Beta(b, c)),
        (d.Binomial(3, a), d.Binomial(3, b)),
        (d.Dirichlet(a), d.Dirichlet(b)),
        (d.Exponential(a), d.Exponential(b)),
        (d.Gamma(a, b), d.Gamma(b, c)),
        (d.Gumbel(a, b), d.Gumbel(b, c)),
        (d.Geometric(a), d.Geometric(b)),
        (d.HalfNormal(a), d.HalfNormal(b)),
        (d.Laplace(a, b), d.Laplace(b, c)),
        (d.LogNormal(a, b), d.LogNormal(b, c)),
        (d.MultivariateNormal(a, torch.diag(c)), d.MultivariateNormal(b, torch.diag(a))),
        (d.Pareto(a, b), d.Pareto(a, c)),
        (d.Poisson(a), d.Poisson(b)),
        (d.Uniform(a, a + 1), d.Uniform(a - 1, a + 2)),
        (d.Uniform(a, a + 1), d.Normal(a, b)),
        (d.Cauchy(a, b), d.Cauchy(b, c)),
        (d.Independent(d.Normal(a, b), 1), d.Independent(d.Normal(b, c), 1)),
        (d.Bernoulli(a), d.Poisson(b)),
        (d.Exponential(a), d.Normal(b, c)),
        (d.Normal(a, b), d.Laplace(b, c)),
        (d.ContinuousBernoulli(a), d.ContinuousBernoulli(b)),
        (d.Beta(a, b), d.ContinuousBernoulli(a)),
        (d.Uniform(a / 2, a), d.ContinuousBernoulli(b)),
        (d.Uniform(a - 1, a), d.ContinuousBernoulli(b)),
        (d.ContinuousBernoulli(a), d.Exponential(b)),
        (d.ContinuousBernoulli(a), d.Normal(b, c)),
        (d.ContinuousBernoulli(a), d.Uniform(-b, 1 + b)),
        (d.ContinuousBernoulli(a), d.Uniform(b, 1 + b)),
        (d.ContinuousBernoulli(a), d.Pareto(a, b)),
        (d.Normal(a, b), d.ContinuousBernoulli(b)),
        (d.LowRankMultivariateNormal(a, b[:, None], c), d.LowRankMultivariateNormal(b, c[:, None], a)),
        (d.LowRankMultivariateNormal(a, b[:, None], c), d.MultivariateNormal(b, torch.diag(a))),
        (d.MultivariateNormal(a, torch.diag(c)), d.LowRankMultivariateNormal(b, c[:, None], a)),
    ]
    found = [d.kl_divergence(p, q) for p, q in pairs]
    found.append(attempt(lambda: d.kl_divergence(d.Uniform(a, a + 1), d.Bernoulli(b))))
    found.append(d.kl_divergence(d.Normal(a, b), d.Exponential(b)))
    return found


@same
def test_divergences_of_different_families(torch):
    d = importlib.import_module(f"{torch.__name__}.distributions")
    a, b, c = (torch.tensor(each, dtype=torch.float64) for each in ([0.3, 0.6], [0.5, 0.2], [2.9, 1.5]))
    beta, gamma, exponential, gumbel = d.Beta(a, c), d.Gamma(c, b), d.Exponential(a), d.Gumbel(a, b)
    normal, laplace, pareto, uniform = d.Normal(a, b), d.Laplace(b, c), d.Pareto(b, c), d.Uniform(b / 9, b)
    wide = d.Uniform(-b, b + 1)
    families = [beta, gamma, exponential, gumbel, normal, laplace, pareto, uniform, wide]
    found = [attempt(lambda p=p, q=q: d.kl_divergence(p, q)) for p in families for q in families]
    found.append(d.kl_divergence(d.Poisson(a), d.Binomial(3, b)))
    wisharts = [d.Wishart(df, torch.eye(2, dtype=torch.float64) * scale) for df, scale in ((3.0, 1.0), (4.5, 2.0))]
    return nameless(plain([*found, d.kl_divergence(*wisharts), attempt(lambda: d.kl_divergence(wisharts[0], beta))]))


@same
def test_refusals(torch):
    d = importlib.import_module(f"{torch.__name__}.distributions")
    one = torch.ones(2)
    calls = [
        lambda: d.Normal(one, -one),
        lambda: d.Normal(one, one).log_prob(1.0),
        lambda: d.Normal(one, one).log_prob(torch.ones(3)),
        lambda: d.Normal(one, one).log_prob(one * float("nan")),
        lambda: d.Normal("a", one),
        lambda: d.Bernoulli(),
        lambda: d.Bernoulli(one, one),
        lambda: d.Bernoulli(one * 2),
        lambda: d.Bernoulli(one * 0.5).log_prob(one * 0.3),
        lambda: d.Categorical(torch.tensor(1.0)),
        lambda: d.Categorical(-one),
        lambda: d.Categorical(one).log_prob(torch.tensor(5)),
        lambda: d.Uniform(one, one),
        lambda: d.Uniform(one * 0, one).log_prob(one * 3),
        lambda: d.Geometric(one * 0),
        lambda: d.Multinomial(3, one).log_prob(one * 4),
        lambda: d.Dirichlet(torch.tensor(1.0)),
        lambda: d.MultivariateNormal(torch.tensor(1.0), torch.eye(1)),
        lambda: d.MultivariateNormal(one, torch.eye(2), torch.eye(2)),
        lambda: d.MultivariateNormal(one, torch.ones(2, 2)),
        lambda: d.MultivariateNormal(one, -torch.eye(2)),
        lambda: d.Independent(d.Normal(one, one), 2),
        lambda: d.Poisson(-one),
        lambda: d.Distribution(validate_args=False).sample(),
        lambda: d.Cauchy(one, one).mean,
        lambda: d.TransformedDistribution(d.Normal(one, one), 3),
        lambda: d.Normal(one, -one, validate_args=False).variance,
        lambda: d.Normal(0, 1).enumerate_support(),
        lambda: d.ContinuousBernoulli(),
        lambda: d.ContinuousBernoulli(one * 2, validate_args=True),
        lambda: d.Kumaraswamy(one, -one),
        lambda: d.VonMises(one, -one),
        lambda: d.LKJCholesky(1),
        lambda: d.LKJCholesky(2).log_prob(torch.eye(3)),
        lambda: d.Wishart(1, torch.eye(2)),
        lambda: d.Wishart(3, torch.eye(2), torch.eye(2)),
        lambda: d.Wishart(3, one),
        lambda: d.LowRankMultivariateNormal(torch.tensor(1.0), torch.ones(2, 1), one),
        lambda: d.LowRankMultivariateNormal(one, torch.ones(3, 1), one),
        lambda: d.LowRankMultivariateNormal(one, torch.ones(2, 1), torch.ones(3)),
        lambda: d.transform_to(d.constraints.boolean),
        lambda: d.biject_to(d.constraints.positive_definite),
        lambda: d.biject_to.register(3, None)(None),
    ]
    return [attempt(call) for call in calls]


@same
def test_transforms(torch):
    t = importlib.import_module(f"{torch.__name__}.distributions").transforms
    x = torch.tensor([[0.3, -0.7, 1.2], [0.1, 0.2, -0.4]], dtype=torch.float64)
    square = x[:, :2]
    transforms = [
        t.ExpTransform(),
        t.SigmoidTransform(),
        t.TanhTransform(),
        t.SoftplusTransform(),
        t.AffineTransform(1.0, -2.0),
        t.AffineTransform(x[0], x[1].exp(), event_dim=1),
        t.StickBreakingTransform(),
        t.ExpTransform().inv.inv,
        t.ComposeTransform([t.AffineTransform(0.5, 2.0), t.SigmoidTransform()]),
        t.IndependentTransform(t.ExpTransform(), 1),
        t.ReshapeTransform((3,), (3, 1)),
    ]
    found = []
    for each in transforms:
        y = each(x)
        found.append([y, each.inv(y), each.log_abs_det_jacobian(x, y), repr(each), each.forward_shape(x.shape)])
    power = t.PowerTransform(2.0)
    found.append([power(x.exp()), power.inv(x.exp()), power.log_abs_det_jacobian(x.exp(), power(x.exp()))])
    found += [t.SoftmaxTransform()(x), t.AbsTransform()(x), t.LowerCholeskyTransform()(square)]
    found.append([t.ExpTransform() == t.ExpTransform(), t.AffineTransform(1, 2) == t.AffineTransform(1, 3)])
    cached = t.ExpTransform(cache_size=1)
    return nameless(plain(found)), cached.inv(cached(x)) is x


@same
def test_transforms_of_parts(torch):
    d = importlib.import_module(f"{torch.__name__}.distributions")
    t = d.transforms
    x = torch.tensor([[0.3, -0.7, 1.2], [0.1, 0.2, -0.4]], dtype=torch.float64)
    transforms = [
        t.CatTransform([t.ExpTransform(), t.AffineTransform(1.0, 2.0)], dim=1, lengths=[1, 2]),
        t.CatTransform([t.ExpTransform(), t.SigmoidTransform()], dim=0),
        t.StackTransform([t.ExpTransform(), t.SigmoidTransform(), t.AffineTransform(0.5, -1.0)], dim=-1),
        t.StackTransform([t.ExpTransform(), t.identity_transform]),
        t.CorrCholeskyTransform(),
    ]
    found = []
    for each in transforms:
        y = each(x)
        found.append([y, each.inv(y), each.log_abs_det_jacobian(x, y), each.bijective, each.with_cache()(x)])
    corr = t.CorrCholeskyTransform()
    found += [corr.forward_shape((2, 3)), corr.inverse_shape((2, 3, 3)), transforms[0].codomain.check(x)]
    found += [attempt(lambda: corr.forward_shape((2,))), attempt(lambda: corr.inverse_shape((2, 3)))]
    found += [attempt(lambda: transforms[0](x[:, :2])), attempt(lambda: t.CatTransform([3]))]
    return nameless(plain(found))


@same
def test_transforms_to_what_a_constraint_allows(torch):
    d = importlib.import_module(f"{torch.__name__}.distributions")
    c = d.constraints
    x = torch.tensor([[0.3, -0.7, 1.2], [0.1, 0.2, -0.4], [1.0, -2.0, 0.3]], dtype=torch.float64)
    either = [c.real, c.positive, c.nonnegative, c.greater_than(0.5), c.greater_than_eq(-1.0), c.less_than(0.5)]
    either += [c.unit_interval, c.interval(-1.0, 0.5), c.half_open_interval(0.0, 2.0), c.corr_cholesky, c.real_vector]
    either += [c.simplex, c.cat([c.positive, c.real], dim=1, lengths=[1, 2]), c.stack([c.real, c.positive, c.real])]
    found = []
    for each in either:
        for registry in (d.biject_to, d.transform_to):
            transform = registry(each)
            y = transform(x)
            found.append([y, each.check(y), transform.inv(y), repr(transform)])
    found += [d.transform_to(each)(x) for each in (c.lower_cholesky, c.positive_definite, c.positive_semidefinite)]
    return nameless(plain(found))


@same
def test_constraints(torch):
    c = importlib.import_module(f"{torch.__name__}.distributions").constraints
    x = torch.tensor([[0.0, 1.0, -1.0], [0.2, 0.3, 0.5]])
    matrix = torch.tensor([[2.0, 0.5], [0.5, 1.0]])
    elementwise = [c.boolean, c.real, c.positive, c.nonnegative, c.unit_interval, c.nonnegative_integer]
    elementwise += [c.interval(-1, 0.5), c.half_open_interval(0, 1), c.greater_than(0.2), c.greater_than_eq(0.2)]
    elementwise += [c.less_than(0.5), c.integer_interval(0, 1), c.positive_integer]
    vectors = [c.simplex, c.one_hot, c.real_vector, c.multinomial(3)]
    matrices = [c.positive_definite, c.symmetric, c.square, c.lower_triangular, c.lower_cholesky, c.corr_cholesky]
    matrices.append(c.positive_semidefinite)
    found = [[each.check(x), repr(each), each.event_dim, each.is_discrete] for each in elementwise + vectors]
    found += [[each.check(m), repr(each)] for each in matrices for m in (matrix, matrix.tril(), -matrix)]
    found.append(attempt(lambda: c.dependent.check(x)))
    found.append(attempt(lambda: c.dependent.event_dim))
    found.append(c.cat([c.positive, c.real], dim=1, lengths=[1, 2]).check(x))
    return found


@same
def test_a_policy_gradient_by_a_categorical(torch):
    d = importlib.import_module(f"{torch.__name__}.distributions")
    torch.manual_seed(0)
    logits = torch.zeros(4, 3, requires_grad=True)
    policy = d.Categorical(logits=logits)
    action = policy.sample()
    loss = -(policy.log_prob(action) * torch.tensor([1.0, -1.0, 2.0, 0.5])).mean() - 0.01 * policy.entropy().mean()
    loss.backward()
    return action, logits.grad


@same
def test_transforms_and_distributions_may_be_modules_too(torch):
    class Scale(torch.distributions.Transform, torch.nn.Module):
        domain = codomain = torch.distributions.constraints.real
        bijective = True

        def __init__(self):
            super().__init__(cache_size=1)
            self.scale = torch.nn.Parameter(torch.tensor(2.0))

        def __hash__(self):
            return torch.nn.Module.__hash__(self)

        def _call(self, x):
            return x * self.scale

        def _inverse(self, y):
            return y / self.scale

        def log_abs_det_jacobian(self, x, y):
            return self.scale.abs().log().expand(x.shape)

    class Learned(torch.distributions.Distribution, torch.nn.Module):
        def __init__(self):
            super().__init__(validate_args=False)
            self.loc = torch.nn.Parameter(torch.tensor(1.0))

        def log_prob(self, value):
            return -((value - self.loc) ** 2)

    flow = Scale()
    made = torch.distributions.TransformedDistribution(torch.distributions.Normal(0.0, 1.0), [flow])
    made.log_prob(torch.tensor(0.7)).backward()
    learned = Learned()
    learned.log_prob(torch.tensor(0.0)).backward()
    return flow.scale.grad, [name for name, _ in flow.named_parameters()], learned.loc.grad, list(learned.state_dict())


@same
def test_divergences_are_registered_for_classes_that_only_behave_like_distributions(torch):
    class Other:
        pass

    @torch.distributions.register_kl(Other, Other)
    def _(p, q):
        return torch.tensor(3.0)

    return torch.distributions.kl_divergence(Other(), Other())
