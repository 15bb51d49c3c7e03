"""How a ciphertext answers to a change of message or key: the quantities of section 2.5's look at what was learned."""

from __future__ import annotations

import torch
from torch import Tensor


def elements_moved(before: Tensor, after: Tensor, amounts: Tensor) -> Tensor:
    """How many elements of a ciphertext move by more than each amount, on average over the batch.

    mean over B of  #{i : |after_i - before_i| > amount}

    Strictly more: at the amount 0 every change counts, be it in the last bit.

    Args:
        before, after: (R, B, C).
        amounts: (A,), ascending, in the unit of before and after; a fair bit that flips moves by 2.
    Returns:
        (R, A) float64, elements in [0, C].
    """
    replicas, batch, count = len(before), before.shape[1], len(amounts) + 1
    change = (after - before).abs().contiguous()
    exceeded = torch.bucketize(change, amounts)  # (R, B, C): how many amounts lie below the change
    offset = count * torch.arange(replicas, device=before.device).reshape(-1, 1, 1)
    histogram = torch.bincount((exceeded + offset).flatten(), minlength=replicas * count).reshape(replicas, count)
    return histogram[:, 1:].flip(-1).cumsum(-1).flip(-1).to(torch.float64) / batch


def variance_by_pairs(first: Tensor, second: Tensor) -> Tensor:
    """The variance of a ciphertext, summed over its elements, from pairs of draws.

    mean over B of  sum_i (first_i - second_i)^2 / 2

    Unbiased when first and second are independent and alike. With the same message in both it is unbiased for the
    variance given the message, E Var(c | message); with everything drawn anew, for the whole, Var(c).

    Args:
        first, second: (R, B, C).
    Returns:
        (R,) float64.
    """
    return (first.double() - second.double()).square().sum(-1).mean(-1) / 2


def dependence(given_the_other: Tensor, whole: Tensor) -> Tensor:
    """The share of a ciphertext's variance that remains when the other word is held fixed.

    sum_i E Var(c_i | other) / sum_i Var(c_i)

    1 when the other word alone says nothing of any element's mean (a one-time pad, for either word); 0 when this word
    changes nothing. The shares of key and message together are at least 1, and 1 exactly when the ciphertext is a sum
    of one part from each (Efron and Stein 1981). Elements count by their variance: one that stands still has none.

    Args:
        given_the_other, whole: (R,), variances.
    Returns:
        (R,), in [0, 1] up to the sampling error; 0 for a ciphertext that never changes.
    """
    return torch.where(whole > 0, given_the_other / whole, 0.0)


def xor_gap(both: Tensor, message: Tensor) -> Tensor:
    """How far a cipher is from mixing message and key by XOR.

    mean over i of min over j of d(message bit i and key bit j flipped) / mean over i of d(message bit i flipped)

    In c = f(message XOR k), each bit of k another one of the key's, every message bit has a key bit that takes its flip
    back, whatever f does: exactly 0. About 1, or above, where no key bit takes anything back.

    Args:
        both: (R, N, K), mean distances of the ciphertext from the unchanged one, in any unit.
        message: (R, N), the same for message bits alone.
    Returns:
        (R,), not negative; 1 for a ciphertext that no message bit moves, for there is nothing to take back.
    """
    flipped = message.mean(-1)
    return torch.where(flipped > 0, both.amin(-1).mean(-1) / flipped, 1.0)
