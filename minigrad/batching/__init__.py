"""Batched tensors: what a function sees of its arguments inside ``vmap``.

A batched tensor stands for one sample and holds all of them: it has the shape of a sample, and a tensor with one more
dimension, the first, behind it. The doors of the table of operations hand calls with one to `dispatch`, which carries
them out on the tensors behind by a rule of the operation (`rules`), or sample by sample where it has none.
"""
