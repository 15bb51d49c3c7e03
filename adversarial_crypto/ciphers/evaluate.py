"""The only way to call a cipher: never compiled, in full chunks of one size, each on one thread, its answer checked.

A ciphertext must be a function of message and key. In float32 it is not: the last elements of an array that fill no
vector register are computed by other code (one sigmoid in 25 then differs in its last bit), and where they lie depends
on the size of the batch and on how the array is split over threads. Measured at R = 5, N = 16: the same 1,024 pairs in
another order gave 5 other ciphertexts on 3 threads and none on 1. An attack that counts or compares ciphertexts would
take that for a leak. In one layout, one chunk size and one thread every pair gives one ciphertext, at every place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context

import torch
from torch import Tensor

from adversarial_crypto.ciphers.contract import Cipher
from adversarial_crypto.errors import AcryptoError

# A power of two, so that vector registers are always full. A call costs at least one chunk: 1 ms a replica at N = 16,
# where 4,096 pairs at a time are no faster (1.0 against 1.1 us a pair at R = 1, 1.5 against 1.2 at R = 20).
CHUNK = 1024
LARGEST = 1.01  # of |c|: ciphertexts lie in [-1, 1], and the quantiser's end bins should not hide one that does not


def encrypt(cipher: Cipher, message: Tensor, key: Tensor, noise: Tensor | None = None) -> Tensor:
    """The ciphertexts of B pairs, without gradients.

    Args:
        message: (R, B, N), key: (R, B, K), bits -1 and +1, float32; B at least 1.
        noise: (R, B, W) in (0, 1), for a randomised cipher only.
    Returns:
        (R, B, C) float32, finite, |c| <= 1.01, no -0.0; the batch axis is innermost in memory. The same pair (and
        noise) has the same bits in every call, whatever stands beside it.
    Raises:
        AcryptoError: an argument or the cipher's answer has another shape or type, or the answer is out of range.
    """
    words = [message, key]
    _check("message", message, cipher.replicas, cipher.message_bits)
    _check("key", key, cipher.replicas, cipher.key_bits, message)
    if cipher.noise_width:
        if noise is None:
            raise AcryptoError(f"This cipher is randomised: encrypt needs noise of width {cipher.noise_width}.")
        _check("noise", noise, cipher.replicas, cipher.noise_width, message)
        words.append(noise)
    elif noise is not None:
        raise AcryptoError("This cipher is not randomised: encrypt takes no noise.")
    ciphertext = _chunked(cipher, cipher.encrypt, words, "encrypt", cipher.width)
    least, most = ciphertext.transpose(1, 2).aminmax()
    if (largest := float(max(-least, most))) > LARGEST:
        out = (ciphertext.abs() > LARGEST).flatten(1).any(1).nonzero().flatten().tolist()
        raise AcryptoError(
            f"The cipher's encrypt gave values up to {largest:.4g} in {_named(out)}; a ciphertext lies in [-1, 1]."
        )
    return ciphertext


def decrypt(cipher: Cipher, ciphertext: Tensor, key: Tensor) -> Tensor:
    """The estimates of B messages, without gradients; conditions and errors as `encrypt`, but for the range.

    Args:
        ciphertext: (R, B, C), quantised or disturbed as you like; key: (R, B, K); float32.
    Returns:
        (R, B, N) float32, finite, no -0.0; signs are the bits.
    """
    if cipher.decrypt is None:
        raise AcryptoError("This cipher has no decrypt.")
    _check("ciphertext", ciphertext, cipher.replicas, cipher.width)
    _check("key", key, cipher.replicas, cipher.key_bits, ciphertext)
    return _chunked(cipher, cipher.decrypt, [ciphertext, key], "decrypt", cipher.message_bits)


def with_gradient(cipher: Cipher, words: Sequence[Tensor], decrypting: bool = False) -> Tensor:
    """What a differentiable cipher gives for words that need not be bits, with gradients to them.

    For attackers that descend: what they find is to be tried with `encrypt` and `decrypt`, for this is one batch as it
    is, and its last digits depend on the company.

    Args:
        words: message (R, B, N), or ciphertext (R, B, C) where decrypting, and key (R, B, K); float32.
    Returns:
        (R, B, C), or (R, B, N).
    Raises:
        AcryptoError: the cipher has no gradients, is randomised, or has no decrypt.
    """
    if not cipher.differentiable or cipher.noise_width:
        raise AcryptoError("This cipher has no gradients.")
    if not decrypting:
        return cipher.encrypt(*words)
    if cipher.decrypt is None:
        raise AcryptoError("This cipher has no decrypt.")
    return cipher.decrypt(*words)


def _chunked(cipher: Cipher, function: Callable[..., Tensor], words: list[Tensor], name: str, width: int) -> Tensor:
    """The function on chunks of exactly CHUNK examples, several at a time where it is torch's alone; (R, B, width)."""
    batch = words[0].shape[1]
    expected = len(words[0]), CHUNK, width

    def answer(start: int) -> Tensor:
        with torch.no_grad():  # which is each thread's own
            piece = function(*(_chunk(word, start) for word in words))
        _check_answer(name, piece, expected)
        return piece[:, : batch - start].transpose(1, 2)

    starts = range(0, batch, CHUNK)
    threads = torch.get_num_threads() if cipher.differentiable else 1
    with torch.no_grad(), _one_thread():
        if min(threads, len(starts)) > 1:
            here = copy_context()  # whether layers are fused (numerics/fused.py) is the caller's choice
            with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                pieces = list(pool.map(lambda start: here.copy().run(answer, start), starts))
        else:
            pieces = [answer(start) for start in starts]
        return torch.cat(pieces, -1).add_(0.0).transpose(1, 2)  # -0.0 + 0.0 is 0.0; cat copies, be it one piece


def _chunk(word: Tensor, start: int) -> Tensor:
    """CHUNK examples from `start`, repeated where there are fewer: a copy (R, CHUNK, width), the batch innermost."""
    columns, size = word.transpose(1, 2), word.shape[1] - start
    if size >= CHUNK:
        return columns[..., start : start + CHUNK].clone(memory_format=torch.contiguous_format).transpose(1, 2)
    index = start + torch.arange(CHUNK, device=word.device) % size
    return columns.index_select(2, index).transpose(1, 2)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Torch computes each operation on one thread of the CPU."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _check(name: str, word: Tensor, replicas: int, width: int, first: Tensor | None = None) -> None:
    """AcryptoError unless the word is (R, B, width) float32, B that of the first word."""
    batch = word.shape[1] if first is None and word.ndim == 3 else 0 if first is None else first.shape[1]
    if word.shape != (replicas, batch, width) or batch == 0:
        size = "B" if first is None else batch
        raise AcryptoError(f"This cipher takes a {name} of ({replicas}, {size}, {width}), not {tuple(word.shape)}.")
    if word.dtype != torch.float32:
        raise AcryptoError(f"This cipher takes a {name} of float32, not {str(word.dtype).removeprefix('torch.')}.")


def _check_answer(name: str, answer: object, expected: tuple[int, int, int]) -> None:
    if not isinstance(answer, Tensor):
        raise AcryptoError(f"The cipher's {name} must give a torch.Tensor, not {type(answer).__name__}.")
    if answer.shape != expected:
        raise AcryptoError(f"The cipher's {name} gave {tuple(answer.shape)} where {expected} was expected.")
    if answer.dtype != torch.float32:
        raise AcryptoError(f"The cipher's {name} must give float32, not {str(answer.dtype).removeprefix('torch.')}.")
    if not torch.stack(answer.transpose(1, 2).aminmax()).isfinite().all():  # a NaN is both the least and the most
        wrong = (~answer.isfinite()).flatten(1).any(1).nonzero().flatten().tolist()
        raise AcryptoError(f"The cipher's {name} gave values that are not finite in {_named(wrong)}.")


def _named(replicas: list[int]) -> str:
    """Replica 3, or the first of several."""
    more = f" and {len(replicas) - 1} more" if len(replicas) > 1 else ""
    return f"replica {replicas[0]}{more}"
