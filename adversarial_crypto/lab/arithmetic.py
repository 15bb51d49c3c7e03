"""What a step costs in arithmetic, counted exactly, and what this machine can do at best, measured on the spot."""

from __future__ import annotations

import time

import torch

from adversarial_crypto.networks.mix_transform import multiply_adds

# Large enough that a product is bound by arithmetic alone: 0.2 s on two cores, 20 ms on a large GPU.
PRODUCT_SIDE = {"cpu": 2048, "cuda": 8192}
PRODUCTS = 3  # the best of three: another program's slice of a shared machine is no property of the machine


def flops_per_example(message_bits: int, key_bits: int) -> int:
    """Arithmetic of one example in one step of the symmetric game: 47,104 at N = K = 16.

    Multiply-adds of the paper's layers, two operations each: the fully connected one has in * 2N, the convolutions
    together 52N. A backward pass costs a layer one product for its weights' gradient, where they train, and one for
    its inputs' gradient, where something below needs it:

        Alice and Bob, once   forward all three; weights of both; inputs: Alice's convolutions, all of Bob's and Eve's
        Eve, twice            forward Alice and Eve; Eve's weights; inputs: Eve's convolutions

    Activations, losses, Adam and the drawing of data are not counted, nor is work that a way of computing adds (the
    ordinary way also forms Eve's weight gradients in Alice and Bob's turn). So a fraction of the machine's rate is one
    of useful arithmetic.

    Args:
        message_bits, key_bits: N and K.
    Returns:
        Floating-point operations with the paper's networks and schedule.
    """
    transform = multiply_adds(0, message_bits)
    alice = bob = multiply_adds(message_bits + key_bits, message_bits)
    eve = multiply_adds(message_bits, message_bits)
    alice_bob_update = (alice + bob + eve) + (alice + bob) + (transform + bob + eve)
    eve_update = (alice + eve) + eve + transform
    return 2 * (alice_bob_update + 2 * eve_update)


def product_rate(device: torch.device) -> float:
    """Floating-point operations per second of a large float32 matrix product here and now, the best of `PRODUCTS`."""
    side = PRODUCT_SIDE[device.type]
    left, right = torch.ones(2, side, side, device=device)
    best = float("inf")
    for _ in range(PRODUCTS):
        synchronise(device)
        start = time.perf_counter()
        torch.mm(left, right)
        synchronise(device)
        best = min(best, time.perf_counter() - start)
    return 2 * side**3 / best


def synchronise(device: torch.device) -> None:
    """Waits until the device has done what was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
