"""Q-learning on a corridor: replay memory, target network, gather and Huber loss."""

import copy
import random
from collections import deque, namedtuple

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
random.seed(0)
Transition = namedtuple("Transition", ("state", "action", "next_state", "reward", "done"))
N = 6
policy_net = nn.Sequential(nn.Linear(N, 24), nn.ReLU(), nn.Linear(24, 2))
target_net = copy.deepcopy(policy_net)
target_net.load_state_dict(policy_net.state_dict())
target_net.eval()
optimizer = torch.optim.RMSprop(policy_net.parameters(), lr=0.005)
memory = deque(maxlen=500)


def encode(s):
    v = torch.zeros(N)
    v[s] = 1
    return v


def select_action(state, eps):
    if random.random() > eps:
        with torch.no_grad():
            return policy_net(encode(state).unsqueeze(0)).max(1)[1].view(1, 1)
    return torch.tensor([[random.randrange(2)]], dtype=torch.long)


def optimize_model(batch_size=32, gamma=0.9):
    if len(memory) < batch_size:
        return None
    batch = Transition(*zip(*random.sample(memory, batch_size), strict=True))
    states = torch.stack(batch.state)
    actions = torch.cat(batch.action)
    rewards = torch.tensor(batch.reward)
    done = torch.tensor(batch.done, dtype=torch.bool)
    q = policy_net(states).gather(1, actions)
    next_q = torch.zeros(batch_size)
    with torch.no_grad():
        next_q[~done] = target_net(torch.stack(batch.next_state)[~done]).max(1).values
    expected = rewards + gamma * next_q
    loss = F.smooth_l1_loss(q, expected.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    for param in policy_net.parameters():
        param.grad.data.clamp_(-1, 1)
    optimizer.step()
    return loss.item()


for episode in range(15):
    s, total, steps = 0, 0.0, 0
    losses = []
    while True:
        a = select_action(s, eps=max(0.1, 0.9 - episode * 0.08))
        s2 = min(N - 1, s + 1) if a.item() == 1 else max(0, s - 1)
        r = 1.0 if s2 == N - 1 else -0.01
        memory.append(Transition(encode(s), a, encode(s2), r, s2 == N - 1))
        s, total, steps = s2, total + r, steps + 1
        loss = optimize_model()
        if loss is not None:
            losses.append(loss)
        if s == N - 1 or steps > 40:
            break
    tau = 0.3
    net, tgt = policy_net.state_dict(), target_net.state_dict()
    for key in net:
        tgt[key] = net[key] * tau + tgt[key] * (1 - tau)
    target_net.load_state_dict(tgt)
    mean = sum(losses) / len(losses) if losses else float("nan")
    print(f"episode {episode:2d} steps {steps:2d} return {total:5.2f} loss {mean:.4f}")
with torch.no_grad():
    print(policy_net(torch.eye(N)).argmax(dim=1))
    print(torch.eye(N).shape, [p.requires_grad for p in target_net.parameters()])
