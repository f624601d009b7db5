"""Conway's game of life, and other indexing."""

import torch

board = torch.zeros(8, 8, dtype=torch.uint8)
glider = torch.tensor([[0, 1, 0], [0, 0, 1], [1, 1, 1]], dtype=torch.uint8)
board[:3, :3] = glider


def step(board):
    n = sum(torch.roll(board, (i, j), dims=(0, 1)).int() for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))
    return ((n == 3) | ((board == 1) & (n == 2))).to(torch.uint8)


for generation in range(4):
    print(f"generation {generation}, alive {board.sum()}")
    print("\n".join("".join(".#"[cell] for cell in row) for row in board.tolist()))
    board = step(board)
print(board)
print(board.nonzero(), board.nonzero(as_tuple=True), sep="\n")

t = torch.arange(24).reshape(2, 3, 4)
print(t, t[0], t[..., -1], t[:, 1:, ::2], t[1, [0, 2]], sep="\n")
print(t[t % 5 == 0], (t > 20).any(), t.flatten()[-3:], t[0, 0, 0].item())
t[:, 0] = -1
t[t > 18] *= 2
print(t)
print(
    t.permute(2, 0, 1).shape,
    t.transpose(0, 2).stride(),
    t.view(-1, 2).size(0),
    t.sum(dim=(0, 2)),
    t.T.shape if t.ndim < 3 else "-",
)
print(torch.where(t < 0, torch.zeros_like(t), t).float().mean())
r, c = torch.meshgrid(torch.arange(3), torch.arange(3), indexing="ij")
print(r * 3 + c, (r == c).int(), torch.tril(torch.ones(3, 3)), torch.eye(3)[[2, 0, 1]])
a = torch.zeros(5)
a[torch.tensor([1, 3])] = torch.tensor([10.0, 20.0])
a.index_add_(0, torch.tensor([0, 0, 4]), torch.tensor([1.0, 2.0, 3.0]))
print(a, a.cumsum(0), a.flip(0), torch.chunk(a, 2), a.split([2, 3]))
print(
    torch.cat((a, a)).view(2, 5), torch.stack([a, a], dim=1).shape, a.unsqueeze(0).expand(2, -1), a.repeat(2, 1).shape
)
print(torch.scatter(torch.zeros(2, 3), 1, torch.tensor([[0], [2]]), 1.0), a.bool(), a.nonzero().squeeze())
