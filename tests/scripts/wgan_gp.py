"""A convolutional GAN and one with a gradient penalty."""

import numpy as np
import torch
import torch.autograd as autograd
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable

torch.manual_seed(9)
np.random.seed(9)
Tensor = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.FloatTensor


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


class Generator(nn.Module):
    def __init__(self, ngpu=1, nz=8, ngf=8, nc=1):
        super(Generator, self).__init__()
        self.ngpu = ngpu
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 2, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, input):
        return self.main(input)


class Discriminator(nn.Module):
    def __init__(self, nc=1, ndf=8):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(nc, ndf, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 2),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, input):
        return self.main(input)


netG, netD = Generator(), Discriminator()
netG.apply(weights_init)
netD.apply(weights_init)
print(netG, netD)
criterion = nn.BCELoss()
fixed_noise = torch.randn(4, 8, 1, 1)
real_label, fake_label = 1.0, 0.0
optD = torch.optim.Adam(netD.parameters(), lr=2e-4, betas=(0.5, 0.999))
optG = torch.optim.Adam(netG.parameters(), lr=2e-4, betas=(0.5, 0.999))
data = torch.randn(64, 1, 16, 16).tanh()
for i in range(6):
    netD.zero_grad()
    real = data[(i % 4) * 16 : (i % 4 + 1) * 16]
    b_size = real.size(0)
    label = torch.full((b_size,), real_label, dtype=torch.float)
    output = netD(real).view(-1)
    errD_real = criterion(output, label)
    errD_real.backward()
    D_x = output.mean().item()
    noise = torch.randn(b_size, 8, 1, 1)
    fake = netG(noise)
    label.fill_(fake_label)
    output = netD(fake.detach()).view(-1)
    errD_fake = criterion(output, label)
    errD_fake.backward()
    D_G_z1 = output.mean().item()
    errD = errD_real + errD_fake
    optD.step()
    netG.zero_grad()
    label.fill_(real_label)
    output = netD(fake).view(-1)
    errG = criterion(output, label)
    errG.backward()
    D_G_z2 = output.mean().item()
    optG.step()
    print(
        "[%d/%d]\tLoss_D: %.4f\tLoss_G: %.4f\tD(x): %.4f\tD(G(z)): %.4f / %.4f"
        % (i, 6, errD.item(), errG.item(), D_x, D_G_z1, D_G_z2)
    )
with torch.no_grad():
    print(netG(fixed_noise).detach().cpu().shape)
# WGAN-GP
G = nn.Sequential(nn.Linear(4, 32), nn.BatchNorm1d(32, 0.8), nn.LeakyReLU(0.2, inplace=True), nn.Linear(32, 2))
D = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2, inplace=True), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


def compute_gradient_penalty(D, real_samples, fake_samples):
    alpha = Tensor(np.random.random((real_samples.size(0), 1)))
    interpolates = (alpha * real_samples + ((1 - alpha) * fake_samples)).requires_grad_(True)
    d_interpolates = D(interpolates)
    fake = Variable(Tensor(real_samples.shape[0], 1).fill_(1.0), requires_grad=False)
    gradients = autograd.grad(
        outputs=d_interpolates,
        inputs=interpolates,
        grad_outputs=fake,
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    gradients = gradients.view(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


oD = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.0, 0.9))
oG = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.0, 0.9))
for i in range(30):
    real = Variable(torch.randn(32, 2).type(Tensor) * 0.2 + 1)
    oD.zero_grad()
    z = Variable(Tensor(np.random.normal(0, 1, (32, 4))))
    fake = G(z)
    gp = compute_gradient_penalty(D, real.data, fake.data)
    d_loss = -torch.mean(D(real)) + torch.mean(D(fake)) + 10 * gp
    d_loss.backward()
    oD.step()
    if i % 5 == 0:
        oG.zero_grad()
        g_loss = -torch.mean(D(G(z)))
        g_loss.backward()
        oG.step()
        print("[D loss: %.4f] [G loss: %.4f] [gp: %.4f]" % (d_loss.item(), g_loss.item(), gp.item()))
# conditional, LSGAN, hinge
emb = nn.Embedding(10, 10)
lab = Variable(torch.LongTensor(np.random.randint(0, 10, 5)))
print(torch.cat((emb(lab), torch.randn(5, 3)), -1).shape)
s = torch.randn(5, 1, requires_grad=True)
print(nn.ReLU()(1.0 - s).mean(), nn.MSELoss()(s, torch.ones_like(s)), F.softplus(-s).mean())
(r1,) = torch.autograd.grad(D(real.requires_grad_()).sum(), real, create_graph=True)
(r1.pow(2).reshape(32, -1).sum(1).mean()).backward()
print([None if p.grad is None else f"{p.grad.norm():.4f}" for p in D.parameters()])
