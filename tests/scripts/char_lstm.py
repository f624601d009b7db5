"""A character-level LSTM: trained on a short text, sampled letter by letter with a temperature."""

import torch
import torch.nn as nn

text = (
    "the quick brown fox jumps over the lazy dog. the lazy dog sleeps under the old tree. "
    "the old tree shades the quick brown fox. over the hill the river runs to the sea. "
) * 4
chars = sorted(set(text))
char_to_index = {ch: i for i, ch in enumerate(chars)}
index_to_char = dict(enumerate(chars))
data = torch.tensor([char_to_index[ch] for ch in text], dtype=torch.long)
print(f"{len(text)} characters, {len(chars)} unique")


class CharLSTM(nn.Module):
    def __init__(self, vocab_size, embed_size, hidden_size, num_layers, dropout=0.2):
        super().__init__()
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.lstm = nn.LSTM(embed_size, hidden_size, num_layers, batch_first=True, dropout=dropout)
        self.fc = nn.Linear(hidden_size, vocab_size)

    def forward(self, x, hidden):
        out, hidden = self.lstm(self.embedding(x), hidden)
        return self.fc(out), hidden

    def init_hidden(self, batch_size):
        weight = next(self.parameters()).data
        return (
            weight.new(self.num_layers, batch_size, self.hidden_size).zero_(),
            weight.new(self.num_layers, batch_size, self.hidden_size).zero_(),
        )


def get_batches(data, batch_size, seq_length):
    count = len(data) // (batch_size * seq_length)
    data = data[: count * batch_size * seq_length + 1]
    x = data[:-1].reshape(batch_size, -1)
    y = data[1:].reshape(batch_size, -1)
    for n in range(0, x.shape[1], seq_length):
        yield x[:, n : n + seq_length], y[:, n : n + seq_length]


torch.manual_seed(1)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = CharLSTM(len(chars), 16, 32, 2).to(device)
print(model)
print(sum(p.numel() for p in model.parameters() if p.requires_grad), "parameters")
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(1, 13):
    model.train()
    hidden = model.init_hidden(4)
    total, steps = 0.0, 0
    for inputs, targets in get_batches(data, 4, 20):
        inputs, targets = inputs.to(device), targets.to(device)
        hidden = tuple(h.detach() for h in hidden)
        optimizer.zero_grad()
        output, hidden = model(inputs, hidden)
        loss = criterion(output.reshape(-1, len(chars)), targets.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        total += loss.item()
        steps += 1
    if epoch % 4 == 0:
        print(f"Epoch {epoch:2d}/12, loss: {total / steps:.3f}, hidden: {tuple(hidden[0].shape)}")


def generate(model, start, length, temperature=0.5):
    model.eval()
    hidden = model.init_hidden(1)
    letters = list(start)
    with torch.no_grad():
        for ch in start[:-1]:
            _, hidden = model(torch.tensor([[char_to_index[ch]]]), hidden)
        for _ in range(length):
            output, hidden = model(torch.tensor([[char_to_index[letters[-1]]]]), hidden)
            probabilities = torch.softmax(output[0, -1] / temperature, dim=0)
            letters.append(index_to_char[torch.multinomial(probabilities, 1).item()])
    return "".join(letters)


torch.manual_seed(0)
print(repr(generate(model, "the ", 60)))
print(repr(generate(model, "over", 40, temperature=0.2)))
