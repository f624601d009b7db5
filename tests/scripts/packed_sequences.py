"""Sequences of different lengths, padded, packed and classified by a bidirectional GRU; cells and states by hand."""

import torch
from torch import nn, optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)


class SignDataset(Dataset):
    """Walks of random length, to be told apart by whether they end above where they began."""

    def __init__(self, count):
        self.walks = []
        for _ in range(count):
            length = int(torch.randint(3, 12, (1,)))
            self.walks.append(torch.randn(length, 2))

    def __len__(self):
        return len(self.walks)

    def __getitem__(self, index):
        walk = self.walks[index]
        return walk, int(walk[:, 0].sum() > 0)


def collate(batch):
    walks, labels = zip(*batch)
    lengths = torch.tensor([len(walk) for walk in walks])
    return pad_sequence(walks, batch_first=True), lengths, torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.rnn = nn.GRU(2, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Sequential(nn.Linear(2 * hidden, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        _, h = self.rnn(packed)
        return self.fc(torch.cat((h[-2], h[-1]), dim=1))


train = DataLoader(SignDataset(160), batch_size=16, shuffle=True, collate_fn=collate)
test = DataLoader(SignDataset(80), batch_size=40, collate_fn=collate)
model = Classifier()
print(model)
for name, parameter in model.rnn.named_parameters():
    print(name, tuple(parameter.shape))
optimizer = optim.AdamW(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
for epoch in range(6):
    model.train()
    running = 0.0
    for x, lengths, labels in train:
        optimizer.zero_grad()
        loss = criterion(model(x, lengths), labels)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(labels)
    model.eval()
    with torch.no_grad():
        right = sum((model(x, lengths).argmax(1) == labels).sum().item() for x, lengths, labels in test)
    print(f"epoch {epoch}: loss {running / 160:.3f}, accuracy {right / 80:.3f}")

# What packing does.
sequences = [torch.arange(1.0, 4.0), torch.tensor([10.0]), torch.tensor([20.0, 21.0])]
packed = nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
print(packed)
padded, lengths = pad_packed_sequence(packed, batch_first=True, padding_value=-1)
print(padded, lengths)
print(nn.utils.rnn.unpack_sequence(packed))

# Layers and cells compute the same.
torch.manual_seed(2)
lstm = nn.LSTM(3, 4)
cell = nn.LSTMCell(3, 4)
with torch.no_grad():
    cell.weight_ih.copy_(lstm.weight_ih_l0)
    cell.weight_hh.copy_(lstm.weight_hh_l0)
    cell.bias_ih.copy_(lstm.bias_ih_l0)
    cell.bias_hh.copy_(lstm.bias_hh_l0)
inputs = torch.randn(5, 1, 3)
out, (h_n, c_n) = lstm(inputs)
h, c = torch.zeros(1, 4), torch.zeros(1, 4)
for x in inputs:
    h, c = cell(x, (h, c))
print(torch.allclose(h, h_n[0], atol=1e-6), torch.allclose(c, c_n[0], atol=1e-6))
print(out.shape, out.grad_fn.name(), h_n.grad_fn.name())
print(out[-1])
print(lstm.all_weights[0][2].shape, len(lstm.all_weights))
lstm.flatten_parameters()
