"""A tiny generative adversarial network, two optimizers."""

import torch
import torch.nn as nn

torch.manual_seed(111)
latent, hidden, batch = 4, 16, 32
D = nn.Sequential(
    nn.Linear(1, hidden),
    nn.LeakyReLU(0.2),
    nn.Dropout(0.3),
    nn.Linear(hidden, hidden),
    nn.LeakyReLU(0.2),
    nn.Linear(hidden, 1),
    nn.Sigmoid(),
)
G = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(True), nn.BatchNorm1d(hidden), nn.Linear(hidden, 1))
print(D, G)
criterion = nn.BCELoss()
d_optimizer = torch.optim.Adam(D.parameters(), lr=0.002, betas=(0.5, 0.999))
g_optimizer = torch.optim.Adam(G.parameters(), lr=0.002, betas=(0.5, 0.999))

for epoch in range(60):
    real = torch.randn(batch, 1) * 0.5 + 3
    real_labels = torch.ones(batch, 1)
    fake_labels = torch.zeros_like(real_labels)
    outputs = D(real)
    d_loss_real = criterion(outputs, real_labels)
    real_score = outputs
    z = torch.randn(batch, latent)
    fake_images = G(z)
    outputs = D(fake_images.detach())
    d_loss_fake = criterion(outputs, fake_labels)
    fake_score = outputs
    d_loss = d_loss_real + d_loss_fake
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()

    z = torch.randn(batch, latent)
    outputs = D(G(z))
    g_loss = criterion(outputs, real_labels)
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    if epoch % 15 == 0:
        print(
            f"Epoch [{epoch}/60], d_loss: {d_loss.item():.4f}, g_loss: {g_loss.item():.4f}, "
            f"D(x): {real_score.mean().item():.2f}, D(G(z)): {fake_score.mean().item():.2f}"
        )
G.eval()
samples = G(torch.randn(200, latent)).detach().cpu().numpy()
print(f"{samples.mean():.3f} {samples.std():.3f} {samples.shape} {samples.dtype}")
print(G[2].running_mean[:4], G[2].num_batches_tracked)
