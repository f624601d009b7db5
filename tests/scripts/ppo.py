"""Proximal policy optimisation of a Gaussian policy in a little world of two coordinates."""

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Categorical, Normal
from torch.distributions.kl import kl_divergence

torch.manual_seed(543)
np.random.seed(0)


# PPO continuous
def layer_init(layer, std=np.sqrt(2), bias_const=0.0):
    torch.nn.init.orthogonal_(layer.weight, std)
    torch.nn.init.constant_(layer.bias, bias_const)
    return layer


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.critic = nn.Sequential(layer_init(nn.Linear(2, 16)), nn.Tanh(), layer_init(nn.Linear(16, 1), std=1.0))
        self.actor_mean = nn.Sequential(layer_init(nn.Linear(2, 16)), nn.Tanh(), layer_init(nn.Linear(16, 1), std=0.01))
        self.actor_logstd = nn.Parameter(torch.zeros(1, 1))

    def get_value(self, x):
        return self.critic(x)

    def get_action_and_value(self, x, action=None):
        mean = self.actor_mean(x)
        std = torch.exp(self.actor_logstd.expand_as(mean))
        probs = Normal(mean, std)
        if action is None:
            action = probs.sample()
        return action, probs.log_prob(action).sum(1), probs.entropy().sum(1), self.critic(x)


agent = Agent()
opt = optim.Adam(agent.parameters(), lr=3e-3, eps=1e-5)
N, E = 16, 4
obs = torch.zeros((N, E) + (2,))
actions = torch.zeros((N, E, 1))
logprobs = torch.zeros((N, E))
rewards = torch.zeros((N, E))
dones = torch.zeros((N, E))
values = torch.zeros((N, E))
state = torch.zeros(E, 2)
for upd in range(4):
    opt.param_groups[0]["lr"] = (1 - upd / 4) * 3e-3
    for step in range(N):
        obs[step] = state
        with torch.no_grad():
            a, lp, _, v = agent.get_action_and_value(state)
            values[step] = v.flatten()
        actions[step] = a
        logprobs[step] = lp
        state = (state + 0.1 * torch.cat([a, -a], 1)).clamp(-1, 1)
        rewards[step] = -(state**2).sum(1)
        dones[step] = torch.Tensor(np.zeros(E))
    with torch.no_grad():
        nv = agent.get_value(state).reshape(1, -1)
        adv = torch.zeros_like(rewards)
        last = 0
        for t in reversed(range(N)):
            nvals = nv if t == N - 1 else values[t + 1]
            delta = rewards[t] + 0.99 * nvals - values[t]
            adv[t] = last = delta + 0.99 * 0.95 * last
        ret = adv + values
    b_obs = obs.reshape((-1, 2))
    b_lp = logprobs.reshape(-1)
    b_a = actions.reshape((-1,) + (1,))
    b_adv = adv.reshape(-1)
    b_ret = ret.reshape(-1)
    b_v = values.reshape(-1)
    inds = np.arange(N * E)
    clipfracs = []
    for epoch in range(2):
        np.random.shuffle(inds)
        for st in range(0, N * E, 16):
            mb = inds[st : st + 16]
            _, nlp, ent, nval = agent.get_action_and_value(b_obs[mb], b_a[mb])
            logratio = nlp - b_lp[mb]
            ratio = logratio.exp()
            with torch.no_grad():
                kl = ((ratio - 1) - logratio).mean()
                clipfracs += [((ratio - 1.0).abs() > 0.2).float().mean().item()]
            ma = b_adv[mb]
            ma = (ma - ma.mean()) / (ma.std() + 1e-8)
            pg = torch.max(-ma * ratio, -ma * torch.clamp(ratio, 0.8, 1.2)).mean()
            nval = nval.view(-1)
            vu = (nval - b_ret[mb]) ** 2
            vc = b_v[mb] + torch.clamp(nval - b_v[mb], -0.2, 0.2)
            vl = 0.5 * torch.max(vu, (vc - b_ret[mb]) ** 2).mean()
            loss = pg - 0.01 * ent.mean() + vl * 0.5
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            opt.step()
    yp, yt = b_v.cpu().numpy(), b_ret.cpu().numpy()
    ev = np.nan if np.var(yt) == 0 else 1 - np.var(yt - yp) / np.var(yt)
    print(f"upd {upd} v {vl.item():.4f} p {pg.item():.4f} kl {kl.item():.4f} clip {np.mean(clipfracs):.3f} ev {ev:.3f}")
c1, c2 = Categorical(logits=torch.tensor([[1.0, 2.0, 3.0]])), Categorical(probs=torch.tensor([[0.2, 0.3, 0.5]]))
print(kl_divergence(c1, c2), c1, c2.probs, c1.logits)
