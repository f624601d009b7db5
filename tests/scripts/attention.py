"""Scaled dot-product attention and multi-head attention by hand, with einsum."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1337)


def scaled_dot_product(q, k, v, mask=None):
    d_k = q.size()[-1]
    attn_logits = torch.matmul(q, k.transpose(-2, -1))
    attn_logits = attn_logits / math.sqrt(d_k)
    if mask is not None:
        attn_logits = attn_logits.masked_fill(mask == 0, -9e15)
    attention = F.softmax(attn_logits, dim=-1)
    values = torch.matmul(attention, v)
    return values, attention


seq_len, d_k = 3, 2
q, k, v = torch.randn(seq_len, d_k), torch.randn(seq_len, d_k), torch.randn(seq_len, d_k)
values, attention = scaled_dot_product(q, k, v)
print("Q\n", q)
print("Values\n", values)
print("Attention\n", attention)


class MultiHeadAttention(nn.Module):
    def __init__(self, embed_dim, num_heads, block_size):
        super().__init__()
        assert embed_dim % num_heads == 0, "Embedding dimension must be 0 modulo number of heads."
        self.num_heads = num_heads
        self.qkv_proj = nn.Linear(embed_dim, 3 * embed_dim)
        self.o_proj = nn.Linear(embed_dim, embed_dim)
        self.register_buffer("tril", torch.tril(torch.ones(block_size, block_size)))
        nn.init.xavier_uniform_(self.qkv_proj.weight)
        self.qkv_proj.bias.data.fill_(0)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv_proj(x).split(C, dim=2)
        k = k.view(B, T, self.num_heads, C // self.num_heads).transpose(1, 2)
        q = q.view(B, T, self.num_heads, C // self.num_heads).transpose(1, 2)
        v = v.view(B, T, self.num_heads, C // self.num_heads).transpose(1, 2)
        att = torch.einsum("bhid,bhjd->bhij", q, k) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        att = F.softmax(att, dim=-1)
        y = (att @ v).transpose(1, 2).contiguous().view(B, T, C)
        return self.o_proj(y), att


mha = MultiHeadAttention(8, 2, 16)
x = torch.randn(2, 4, 8)
y, att = mha(x)
print(y.shape, att.shape)
print(att[0, 0])
print(y[0])
y.sum().backward()
print(mha.qkv_proj.weight.grad.abs().sum(), mha.o_proj.bias.grad)
wei = torch.zeros((4, 4)).masked_fill(torch.tril(torch.ones(4, 4)) == 0, float("-inf"))
print(wei)
print(torch.einsum("ij,jk->ik", torch.eye(2), torch.arange(4.0).view(2, 2)))
print(torch.einsum("bij->bji", x).shape, torch.einsum("i,j", torch.arange(3), torch.arange(2)))
position = torch.arange(0, 4).unsqueeze(1)
div_term = torch.exp(torch.arange(0, 8, 2) * (-math.log(10000.0) / 8))
pe = torch.zeros(4, 8)
pe[:, 0::2] = torch.sin(position * div_term)
pe[:, 1::2] = torch.cos(position * div_term)
print(pe)
