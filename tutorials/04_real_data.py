r"""
4. Regression on real data
==========================

Real features come in years, in millimetres of mercury, in counts; some say nearly the same thing twice; and a model
that fits the data it was shown may fail on others. This tutorial goes through what that asks for: a held-out test set,
standardisation, mini-batches from a loader, and a look at the coefficients, against scikit-learn's at every step.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

import minigrad as torch
from minigrad import nn, viz
from minigrad.utils.data import DataLoader, TensorDataset

# %%
# Diabetes
# --------
# 442 patients, ten things measured at the beginning, and as the target a score of how far the disease went in a year
# (25 to 346, without a unit). The set comes with scikit-learn; ``scaled=False`` gives the numbers as they were
# measured.

raw = load_diabetes(scaled=False)
names = raw.feature_names
features = torch.tensor(raw.data, dtype=torch.float32)
targets = torch.tensor(raw.target, dtype=torch.float32)[:, None]
print("features", tuple(features.shape), " targets", tuple(targets.shape))
for k, name in enumerate(names):
    column = features[:, k]
    print(f"  {name:4} from {column.min().item():7.2f} to {column.max().item():7.2f}")

# %%
# Split first
# -----------
# A quarter of the patients is put aside, at random, and looked at once, at the end. Everything that is estimated, and
# that includes means and deviations, comes from the others.

torch.manual_seed(0)
order = torch.randperm(len(features))
train, test = order[:332], order[332:]
print(len(train), "to train with,", len(test), "to test with")

# %%
# Then standardise
# ----------------
# Subtract each column's mean, divide by its standard deviation: every feature then has mean 0 and deviation 1, and its
# weight says how much the target changes per *deviation*, so that weights can be compared.
#
# It also makes the way down shorter. The curvature of a squared error along a weight is the mean square of that
# feature: for total cholesterol (s1, near 190) some 15,000 times that of the sex (1 or 2), whatever they have to do
# with the disease. One step length cannot be right for both: it must be short for the steepest direction, or the steps
# overshoot and grow, and then takes for ever along the flattest one.

mean, deviation = features[train].mean(dim=0), features[train].std(dim=0)
x = (features - mean) / deviation
centre, spread = targets[train].mean(), targets[train].std()
y = (targets - centre) / spread


def curvatures(columns):
    """Return the curvatures of the mean squared error along its axes, the flattest first."""
    columns = np.hstack([columns, np.ones((len(columns), 1))])
    return 2 * np.linalg.eigvalsh(columns.T @ columns / len(columns))


for name, columns in (("raw", features[train]), ("standardised", x[train])):
    each = curvatures(columns.numpy().astype(np.float64))
    print(f"{name:13} steepest / flattest curvature = {each[-1] / each[0]:.1e}")

# %%
# One feature
# -----------
# *Simple* regression takes one feature; the body-mass index is the best single one. The loop is the one of tutorial 3,
# now over mini-batches: a ``TensorDataset`` pairs features and targets, a ``DataLoader`` shuffles them anew every
# epoch and hands out 32 at a time. That is between one sample (a noisy slope for little work) and all of them (an
# exact slope for much). The last third of the epochs takes ever shorter steps, so that the noise dies away.


def fit(model, x, y, *, epochs, lr, batch_size):
    """Train by mini-batches with the mean squared error, and return the loss of each epoch."""
    loader = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True)
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: min(1.0, 0.85 ** (k - 2 * epochs / 3)))
    losses = []
    for _ in range(epochs):
        total = 0.0
        for inputs, wanted in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), wanted)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(inputs)
        schedule.step()
        losses.append(total / len(x))
    return losses


bmi = [names.index("bmi")]
simple = nn.Linear(1, 1)
fit(simple, x[train][:, bmi], y[train], epochs=60, lr=0.02, batch_size=32)
exact_simple = LinearRegression().fit(x[train][:, bmi], y[train])
print(f"minigrad      {simple.weight.item():.4f} deviations of the score per deviation of the body-mass index")
print(f"scikit-learn  {exact_simple.coef_.item():.4f}")

# %%
# In the units of the doctor: a weight per deviation, times the score's deviation, over the index's own.

index, score = features[test][:, bmi], targets[test]


def predicted_score(index):
    """Return the score that the model predicts for a body-mass index in kg/m²."""
    return simple((index - mean[bmi]) / deviation[bmi]) * spread + centre


print(f"{(simple.weight * spread / deviation[bmi]).item():.1f} points of the score per kg/m²")
figure, ax = plt.subplots(figsize=(6, 4.4), layout="constrained")
viz.plot_regression(
    predicted_score, index, score, xlabel="body-mass index (kg/m²)", ylabel="disease progression (score)",
    label="line from the training set", title="Simple regression, seen on the test set", ax=ax,
)  # fmt: skip
viz.show(figure, "04_simple")

# %%
# Ten features
# ------------
# *Multiple* regression takes all of them, and the only change is ``nn.Linear(10, 1)``.


def explained(predictions, targets):
    """Return the coefficient of determination: the share of the targets' variance that the predictions explain."""
    return 1 - ((predictions - targets).square().mean() / targets.var(correction=0)).item()


multiple = nn.Linear(10, 1)
losses = fit(multiple, x[train], y[train], epochs=60, lr=0.02, batch_size=32)
exact = LinearRegression().fit(x[train], y[train])
by_descent = multiple.weight.detach().clone()
with torch.no_grad():
    r2 = explained(multiple(x[test]), y[test])
    r2_simple = explained(simple(x[test][:, bmi]), y[test])
r2_exact = exact.score(x[test], y[test])
print(f"share of the variance explained on the test set: {r2_simple:.3f} by one feature")
print(f"  {r2:.3f} by ten (scikit-learn {r2_exact:.3f})")

# %%
# As good as scikit-learn's, then. But look at the coefficients: s1 and s2 (two cholesterols) are off. These two
# columns nearly repeat each other, so raising one weight and lowering the other hardly changes any prediction. That is
# the flat direction, and gradient descent has hardly begun to go along it. It does not matter for predicting. It
# matters a lot to somebody who reads the coefficients as causes.

print(
    "correlation of s1 and s2:",
    round(float(np.corrcoef(x[train, names.index("s1")], x[train, names.index("s2")])[0, 1]), 3),
)

# %%
# To arrive there as well, use the curvature: L-BFGS estimates it from the last steps' gradients and stretches its step
# along flat directions. It needs the loss at several places per step, so it takes a function that computes it.

optimizer = torch.optim.LBFGS(
    multiple.parameters(), max_iter=200, tolerance_change=1e-10, line_search_fn="strong_wolfe"
)


def closure():
    """Compute the loss of all training samples and its gradient."""
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(multiple(x[train]), y[train])
    loss.backward()
    return loss


optimizer.step(closure)
coefficients = multiple.weight.detach()
print(f"{'':6}{'descent':>10}{'L-BFGS':>10}{'scikit-learn':>14}")
for row in zip(names, by_descent[0].tolist(), coefficients[0].tolist(), exact.coef_[0], strict=True):
    print("{:6}{:10.4f}{:10.4f}{:14.4f}".format(*row))

figure, axes = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
places = np.arange(len(names))
kinds = {
    "scikit-learn": (exact.coef_[0], {"color": "#1f4e79"}),
    "minigrad, L-BFGS": (coefficients[0], {"color": "white", "edgecolor": "black"}),
    "minigrad, 60 epochs of descent": (by_descent[0], {"color": "#e08a4f", "edgecolor": "black", "hatch": "//"}),
}
for k, (name, (values, look)) in enumerate(kinds.items()):
    axes[0].bar(places + 0.27 * (k - 1), values, width=0.25, label=name, **look)
axes[0].axhline(0, color="black", linewidth=0.8)
axes[0].set_xticks(places, names)
axes[0].set_ylabel("coefficient (deviations of the score\nper deviation of the feature)")
axes[0].set_title("Ten coefficients, found three ways")
axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=3, frameon=False)
with torch.no_grad():
    viz.plot_predictions(
        multiple(x[test]) * spread + centre, targets[test], unit="score", title="On the test set", ax=axes[1]
    )
viz.show(figure, "04_diabetes")

# %%
# A larger set
# ------------
# The classic next step is the price of houses in the 20,640 districts of the Californian census of 1990, eight
# features each. That set has to be downloaded, so here is one *made up* in its likeness: same size, same kinds of
# columns, prices that rise with the inhabitants' income and fall with the distance from the coast, and noise. Whatever
# we find in it, we put there; nothing is said about California. The distance is not among the features, and depends on
# latitude and longitude in a bent way, so a plane can only explain a part.

generator = np.random.default_rng(1990)
districts = 20_640
latitude = generator.uniform(32.5, 42.0, districts)
to_coast = generator.gamma(1.2, 60.0, districts)  # km
longitude = -117.0 - 0.75 * (latitude - 32.5) + to_coast / 90
income = generator.gamma(5.0, 0.75, districts)  # 10,000 dollars a year
rooms = 3.5 + 0.5 * income + generator.gamma(2.0, 0.4, districts)
bedrooms = 0.2 * rooms + generator.normal(0, 0.08, districts)
age = np.clip(generator.normal(29, 12, districts) - 0.02 * to_coast, 1, 52)
population = generator.gamma(1.6, 900.0, districts)
occupancy = 1.5 + generator.gamma(4.0, 0.4, districts)
price = 0.6 + 0.42 * income + 0.008 * age - 0.12 * occupancy + 2.0 * np.exp(-to_coast / 30)
price += generator.normal(0, 0.35, districts)  # 100,000 dollars

columns = {
    "income": income, "age": age, "rooms": rooms, "bedrooms": bedrooms,
    "population": population, "occupancy": occupancy, "latitude": latitude, "longitude": longitude,
}  # fmt: skip
houses = torch.tensor(np.stack(list(columns.values()), axis=1), dtype=torch.float32)
prices = torch.tensor(price, dtype=torch.float32)[:, None]
print(tuple(houses.shape))

order = torch.randperm(districts)
train, test = order[:16_512], order[16_512:]
mean, deviation = houses[train].mean(dim=0), houses[train].std(dim=0)
x = (houses - mean) / deviation

linear = nn.Linear(8, 1)
fit(linear, x[train], prices[train], epochs=20, lr=0.05, batch_size=128)
exact_houses = LinearRegression().fit(x[train], prices[train])
with torch.no_grad():
    r2_houses = explained(linear(x[test]), prices[test])
r2_houses_exact = exact_houses.score(x[test], prices[test])
print(f"{'':12}{'minigrad':>10}{'scikit-learn':>14}")
for row in zip(columns, linear.weight.detach()[0].tolist(), exact_houses.coef_[0], strict=True):
    print("{:12}{:10.4f}{:14.4f}".format(*row))
print(f"{'R² on test':12}{r2_houses:10.4f}{r2_houses_exact:14.4f}")

# %%
# A hidden layer can bend the plane. The loop does not change, only the model.

bent = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))
fit(bent, x[train], prices[train], epochs=20, lr=0.05, batch_size=128)
with torch.no_grad():
    r2_bent = explained(bent(x[test]), prices[test])
print(f"R² on the test set: {r2_houses:.3f} by a plane, {r2_bent:.3f} with a hidden layer")

figure, axes = plt.subplots(1, 2, figsize=(10, 4.8), layout="constrained", sharex=True, sharey=True)
for ax, model, title in zip(axes, (linear, bent), ("A plane", "With a hidden layer of 32"), strict=True):
    with torch.no_grad():
        viz.plot_predictions(100 * model(x[test]), 100 * prices[test], unit="thousand dollars", title=title, ax=ax)
viz.show(figure, "04_houses")

# %%
# What we claimed, checked
# ------------------------

assert abs(simple.weight.item() - exact_simple.coef_.item()) < 5e-3, "simple regression should be least squares"
assert abs(coefficients.numpy() - exact.coef_).max() < 2e-3, "L-BFGS should arrive at scikit-learn's coefficients"
assert abs(r2 - r2_exact) < 0.03, "descent should predict as well as least squares, coefficients or not"
assert r2 > r2_simple, "ten features should explain more than one"
assert abs(linear.weight.detach().numpy() - exact_houses.coef_).max() < 0.02, "the houses' coefficients differ"
assert abs(r2_houses - r2_houses_exact) < 0.005, "the plane through the houses should predict like least squares"
assert r2_bent > r2_houses + 0.03, "a hidden layer should find the bend that a plane cannot"
print("all as claimed")
