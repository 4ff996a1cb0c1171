"""Attention tile by tile: the softmax without ever having all its scores.

The idea of FlashAttention (Dao et al. 2022, algorithm 1), in NumPy. Axes: T queries,
S keys, D features.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def plain_attention(q: Array, k: Array, v: Array) -> Array:
    """softmax(Q Kᵀ / √D) V, with all (T, S) scores in memory."""
    scores = q @ k.T / np.sqrt(q.shape[1])
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    out: Array = weights / weights.sum(axis=1, keepdims=True) @ v
    return out


def tiled_attention(q: Array, k: Array, v: Array, size: int) -> Array:
    """The same, `size` queries and `size` keys at a time: (T, Dv)."""
    out = np.zeros((len(q), v.shape[1]))
    for i in range(0, len(q), size):
        mine = q[i : i + size] / np.sqrt(q.shape[1])
        high = np.full((len(mine), 1), -np.inf)  # the highest score so far
        total = np.zeros((len(mine), 1))  # the sum of exp(score - high)
        found = np.zeros((len(mine), v.shape[1]))  # of exp(score - high) · value
        for j in range(0, len(k), size):
            scores = mine @ k[j : j + size].T  # the only scores in memory
            new = np.maximum(high, scores.max(axis=1, keepdims=True))
            weights, shrink = np.exp(scores - new), np.exp(high - new)
            total = shrink * total + weights.sum(axis=1, keepdims=True)
            found = shrink * found + weights @ v[j : j + size]
            high = new
        out[i : i + size] = found / total
    return out
