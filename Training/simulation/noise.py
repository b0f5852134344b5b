"""Noise that is a function of (seed, pixel): the same on every executor, device and day.

A counter is hashed to 32 bits by the finaliser of MurmurHash3 (Appleby, 2011, public domain); two hashes make a normal
deviate (Box and Muller, Ann. Math. Stat. 1958).
"""

from __future__ import annotations

import numpy as np

FIRST, SECOND = 0x85EBCA6B, 0xC2B2AE35
WORD = 0xFFFFFFFF


def normal_noise(seed: int, shape: tuple[int, int]) -> np.ndarray:
    """Normal deviates, float32 (rows, cols), mean 0, standard deviation 1."""
    count = shape[0] * shape[1]
    half = (count + 1) // 2
    bits = _hash(np.arange(2 * half, dtype=np.uint32) + np.uint32(mixed(seed)))
    uniform = (bits >> np.uint32(8)).astype(np.float32)
    uniform += np.float32(0.5)
    uniform *= np.float32(2.0**-24)
    radius = np.sqrt(np.float32(-2.0) * np.log(uniform[:half]))
    angle = np.float32(2.0 * np.pi) * uniform[half:]
    return np.concatenate((radius * np.cos(angle), radius * np.sin(angle)))[:count].reshape(shape)


def mixed(seed: int) -> int:
    """The hash of a seed, so that near seeds start counting far apart."""
    value = seed & WORD
    value ^= value >> 16
    value = value * FIRST & WORD
    value ^= value >> 13
    value = value * SECOND & WORD
    return value ^ (value >> 16)


def _hash(value: np.ndarray) -> np.ndarray:
    value ^= value >> np.uint32(16)
    value *= np.uint32(FIRST)
    value ^= value >> np.uint32(13)
    value *= np.uint32(SECOND)
    value ^= value >> np.uint32(16)
    return value
