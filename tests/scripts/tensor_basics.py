"""Tensors, as the first chapter of a course shows them."""

import numpy as np
import torch

print(torch.tensor([[1, 2], [3, 4]]))
data = np.array([[1.0, 2], [3, 4]])
x_np = torch.from_numpy(data)
print(x_np, x_np.dtype, torch.tensor(data).dtype, torch.Tensor(data).dtype)
x_ones = torch.ones_like(x_np)
print(f"Ones Tensor: \n {x_ones} \n")
torch.manual_seed(0)
x_rand = torch.rand_like(x_np, dtype=torch.float)
print(f"Random Tensor: \n {x_rand} \n")
shape = (2, 3)
print(torch.rand(shape), torch.ones(shape), torch.zeros(shape), torch.empty(0), sep="\n")
tensor = torch.rand(3, 4)
print(f"Shape of tensor: {tensor.shape}")
print(f"Datatype of tensor: {tensor.dtype}")
print(f"Device tensor is stored on: {tensor.device}")
print(f"First row: {tensor[0]}")
print(f"First column: {tensor[:, 0]}")
print(f"Last column: {tensor[..., -1]}")
tensor[:, 1] = 0
print(tensor)
t1 = torch.cat([tensor, tensor, tensor], dim=1)
print(t1)
y1 = tensor @ tensor.T
y2 = tensor.matmul(tensor.T)
y3 = torch.rand_like(y1)
print(torch.matmul(tensor, tensor.T, out=y3), (y1 == y2).all())
z3 = torch.rand_like(tensor)
print(torch.mul(tensor, tensor, out=z3))
agg = tensor.sum()
agg_item = agg.item()
print(round(agg_item, 4), type(agg_item))
print(f"{tensor} \n")
tensor.add_(5)
print(tensor)
t = torch.ones(5)
n = t.numpy()
t.add_(1)
print(f"t: {t}\nn: {n}")
n = np.ones(5)
t = torch.from_numpy(n)
np.add(n, 1, out=n)
print(f"t: {t}\nn: {n}")
print(
    torch.arange(0, 10, 2), torch.linspace(0, 1, 5), torch.full((2, 2), 7), torch.eye(2), torch.arange(1.0, 2.0, 0.25)
)
for dtype in (torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.float16, torch.float64, torch.bool):
    print(torch.tensor([0, 1, 2]).to(dtype), dtype.is_floating_point, torch.zeros((), dtype=dtype).element_size())
print(torch.tensor([1e-8, 1.0, 1e8]), torch.tensor([0.1, 1234.5678]), torch.tensor([float("nan"), float("inf"), -1.0]))
print(
    torch.tensor([1.5, 2.0, 1e10]),
    torch.tensor(3.14159265),
    torch.tensor([]),
    torch.tensor([[]]).shape,
    torch.tensor(True),
)
print(torch.randn(1000).shape, torch.arange(2000), torch.zeros(50, 50))
print(torch.arange(6).reshape(2, 3).float().mean(dim=1, keepdim=True), torch.arange(6.0).view(3, -1).std(dim=0))
a = torch.tensor([1, 2, 3])
print(a / 2, a // 2, a % 2, a**2, -a, a + 1.5, a > 1, ~(a > 1), a.float() @ a.float(), a.dot(a), (a * 2).sum())
print(
    torch.tensor(5).item() + 1, int(torch.tensor(5.7)), float(a[0]), bool(torch.tensor(1)), len(a), a.tolist(), list(a)
)
print(
    a.type(), a.float().type(), a.double().dtype, a.is_floating_point(), torch.is_tensor(a), a.numel(), a.ndim, a.dim()
)
print(
    torch.max(a),
    torch.argmax(a),
    a.max().item(),
    torch.maximum(a, torch.tensor(2)),
    a.clamp(2, 3),
    a.float().log(),
    a.exp(),
)
torch.set_printoptions(precision=2, sci_mode=False)
print(torch.tensor([1.23456, 1e-5, 12345.678]))
torch.set_printoptions(profile="default")
print(
    np.asarray(a).sum(),
    np.mean(a.float().numpy()),
    np.array([1.0, 2.0]) * 2,
    torch.tensor(np.float32(2.5)),
    torch.tensor(np.int32(3)).dtype,
)
print(
    torch.allclose(torch.tensor([1.0]), torch.tensor([1.0 + 1e-9])),
    torch.equal(a, a.clone()),
    a is a.view(3),
    a.data_ptr() == a.view(3).data_ptr(),
)
print(
    torch.Size([2, 3]).numel(),
    torch.zeros(2, 3).shape[0],
    tuple(torch.zeros(2, 3).size()),
    torch.zeros(2, 3).size(1),
    *torch.zeros(4, 5).shape,
)
try:
    torch.ones(2, 3) @ torch.ones(2, 3)
except RuntimeError as error:
    print(error)
try:
    torch.ones(2) + torch.ones(3)
except RuntimeError as error:
    print(error)
try:
    torch.ones(2, 3).view(4)
except RuntimeError as error:
    print(error)
try:
    torch.tensor([1, 2]).item()
except RuntimeError as error:
    print(error)
try:
    torch.zeros(3)[5]
except IndexError as error:
    print(error)
try:
    torch.arange(3, requires_grad=True)
except RuntimeError as error:
    print(error)
try:
    torch.tensor([1, 2]).mean()
except RuntimeError as error:
    print(error)
try:
    torch.ones(2, requires_grad=True).numpy()
except RuntimeError as error:
    print(error)
try:
    torch.tensor([[1, 2], [3]])
except ValueError as error:
    print(error)
