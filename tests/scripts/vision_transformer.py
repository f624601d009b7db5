"""A vision transformer on pictures of 8 by 8: patches, a class token, and nn.TransformerEncoder."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)


def make_pictures(n):
    """Return bars of three kinds, with noise."""
    labels = torch.randint(0, 3, (n,))
    pictures = 0.2 * torch.rand(n, 1, 8, 8)
    places = torch.randint(1, 7, (n,))
    for i in range(n):
        place = int(places[i])
        if labels[i] == 0:
            pictures[i, 0, place, :] += 1.0
        elif labels[i] == 1:
            pictures[i, 0, :, place] += 1.0
        else:
            pictures[i, 0] += torch.eye(8).roll(place, 0)
    return pictures, labels


class ViT(nn.Module):
    def __init__(self, image=8, patch=2, classes=3, dim=32, depth=2, heads=4, mlp_dim=64, dropout=0.1):
        super().__init__()
        self.to_patches = nn.Conv2d(1, dim, kernel_size=patch, stride=patch)
        count = (image // patch) ** 2
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(torch.randn(1, count + 1, dim) * 0.02)
        layer = nn.TransformerEncoderLayer(
            d_model=dim,
            nhead=heads,
            dim_feedforward=mlp_dim,
            dropout=dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(
            layer, num_layers=depth, norm=nn.LayerNorm(dim), enable_nested_tensor=False
        )
        self.head = nn.Linear(dim, classes)
        nn.init.trunc_normal_(self.cls_token, std=0.02)

    def forward(self, x):
        x = self.to_patches(x).flatten(2).transpose(1, 2)
        cls = self.cls_token.expand(x.shape[0], -1, -1)
        x = torch.cat([cls, x], dim=1) + self.positions
        return self.head(self.encoder(x)[:, 0])


x, y = make_pictures(160)
train = DataLoader(TensorDataset(x[:128], y[:128]), batch_size=32, shuffle=True)
model = ViT()
print(model)
print(sum(p.numel() for p in model.parameters() if p.requires_grad))
print([name for name, _ in model.named_parameters()][:8])
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=6)

for epoch in range(6):
    model.train()
    total, correct = 0.0, 0
    for images, labels in train:
        optimizer.zero_grad()
        out = model(images)
        loss = criterion(out, labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        correct += (out.argmax(1) == labels).sum().item()
    scheduler.step()
    print(f"epoch {epoch}: loss {total / 128:.3f}, accuracy {correct / 128:.2f}, lr {scheduler.get_last_lr()[0]:.5f}")

model.eval()
with torch.no_grad():
    out = model(x[128:])
    print("validation accuracy", (out.argmax(1) == y[128:]).float().mean().item())

attention = nn.MultiheadAttention(32, 4, batch_first=True)
tokens = torch.randn(2, 5, 32)
mask = nn.Transformer.generate_square_subsequent_mask(5)
seen, weights = attention(tokens, tokens, tokens, attn_mask=mask)
print(seen.shape, weights.shape, weights[0])
padding = torch.tensor([[False, False, False, True, True], [False] * 5])
_, weights = attention(tokens, tokens, tokens, key_padding_mask=padding, average_attn_weights=False)
print(weights.shape, weights[0, 0, 0])
