"""Eight of the statistical tests of NIST SP 800-22 rev. 1a (Rukhin et al. 2010), each from bits to p.

A test asks whether a sequence looks like fair coins. It says nothing about secrecy: a random message sent in clear
passes all of them.

    p_values(bits)     every test at once, by name

Bits are a numpy array (n,) of 0 and 1, uint8; p is near 0 where the sequence is not what coins would give. The tests
are asymptotic: section 2.x.7 of the document says how long a sequence each of them should have.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special

from adversarial_crypto.attacks.binary import ranks

Bits = NDArray[np.uint8]

BLOCKS = 64  # of the block frequency test in `p_values`; the document wants fewer than 100, of 20 bits at least
PATTERN = 8  # bits, of the serial test and of approximate entropy in `p_values`; both need 2^14 bits for that
SIZE = 32  # rows and columns of a matrix


def p_values(bits: Bits) -> dict[str, float]:
    """The p of every test, two for those that have two.

    Args:
        bits: (n,), at least 2^14 for p to be what it says.
    Returns:
        name -> p in [0, 1].
    """
    first, second = serial(bits, PATTERN)
    return {
        "monobit": monobit(bits),
        "block_frequency": block_frequency(bits, len(bits) // BLOCKS),
        "runs": runs(bits),
        "matrix_rank": matrix_rank(bits),
        "dft": dft(bits),
        "serial_first": first,
        "serial_second": second,
        "approximate_entropy": approximate_entropy(bits, PATTERN),
        "cumulative_sums_forward": cumulative_sums(bits),
        "cumulative_sums_backward": cumulative_sums(bits[::-1]),
    }


def monobit(bits: Bits) -> float:
    """As many ones as zeros? (section 2.1)

    p = erfc(|ones - zeros| / sqrt(2 n))
    """
    return math.erfc(abs(2 * _ones(bits) - len(bits)) / math.sqrt(2 * len(bits)))


def block_frequency(bits: Bits, size: int) -> float:
    """As many ones as zeros in each block of `size` bits? What is left over is not looked at (section 2.2).

    chi^2 = 4 size sum over blocks of (share of ones - 1/2)^2, with as many degrees of freedom as blocks
    """
    shares = bits[: len(bits) // size * size].reshape(-1, size).mean(1)
    return _chi_square(4 * size * float(((shares - 0.5) ** 2).sum()), len(shares))


def runs(bits: Bits) -> float:
    """As many runs of equal bits as coins give? (section 2.3)

    p = erfc(|V - 2 n q (1 - q)| / (2 sqrt(2 n) q (1 - q)))        V runs, a share q of ones

    Where ones are too few or too many for it, |q - 1/2| >= 2 / sqrt(n), the document sets p = 0. Coins come to that
    once in 16,000 sequences, and a p of 0 survives any correction for many tests: here p is then that of `monobit`.
    """
    n = len(bits)
    share = _ones(bits) / n
    if abs(share - 0.5) >= 2 / math.sqrt(n):
        return monobit(bits)
    count = 1 + int((bits[1:] != bits[:-1]).sum())
    spread = share * (1 - share)
    return math.erfc(abs(count - 2 * n * spread) / (2 * math.sqrt(2 * n) * spread))


def matrix_rank(bits: Bits, size: int = SIZE) -> float:
    """Have square matrices of these bits the ranks of random ones: full, one less, or less? (section 2.5)

    Raises:
        ValueError: too few bits for one matrix.
    """
    count = len(bits) // size**2
    if not count:
        raise ValueError(f"The rank of a matrix of {size} by {size} needs {size**2} bits, not {len(bits)}.")
    found = ranks(bits[: count * size**2].reshape(count, size, size))
    full, less = int((found == size).sum()), int((found == size - 1).sum())
    likely = _rank_probability(size, size), _rank_probability(size, size - 1)
    expected = count * np.array([*likely, 1 - sum(likely)])
    observed = np.array([full, less, count - full - less])
    return _chi_square(float(((observed - expected) ** 2 / expected).sum()), 2)


def dft(bits: Bits) -> float:
    """Are 95 % of the peaks of the discrete Fourier transform below the height that they should be? (section 2.6)

    p = erfc(|below - 0.95 n / 2| / sqrt(2 n 0.95 0.05 / 4))        height sqrt(n ln 20)

    The variance is the document's; the true one is about 5 % larger (Pareschi, Rovatti and Setti 2012).
    """
    n = len(bits)
    peaks = np.abs(fft.rfft(2.0 * bits - 1))[: n // 2]
    below = int((peaks < math.sqrt(n * math.log(20))).sum())
    return math.erfc(abs(below - 0.95 * n / 2) / math.sqrt(2 * n * 0.95 * 0.05 / 4))


def serial(bits: Bits, length: int) -> tuple[float, float]:
    """Are all patterns of `length` bits equally frequent? Overlapping ones, around the end too (section 2.11).

    Returns:
        p of the first and of the second difference of psi^2 over the pattern's length, which is at least 2.
    """
    long, middle, short = (_psi_square(bits, length - less) for less in range(3))
    return (
        _chi_square(long - middle, 2.0 ** (length - 1)),
        _chi_square(long - 2 * middle + short, 2.0 ** (length - 2)),
    )


def approximate_entropy(bits: Bits, length: int) -> float:
    """Does a pattern of `length` bits say nothing of the bit that follows? (section 2.12)

    chi^2 = 2 n (ln 2 - (phi(length) - phi(length + 1))), phi = sum of share ln share over the patterns of a length
    """
    entropy = _phi(bits, length) - _phi(bits, length + 1)
    return _chi_square(2 * len(bits) * (math.log(2) - entropy), 2.0**length)


def cumulative_sums(bits: Bits) -> float:
    """Does the walk that goes up for a 1 and down for a 0 stay near its start? (section 2.13)

    The walk from the end is that of the reversed sequence. p = 1 - Pr[the largest distance of a walk is smaller].
    """
    n = len(bits)
    farthest = int(np.abs(np.cumsum(2 * bits.astype(np.int64) - 1)).max())
    reach = farthest / math.sqrt(n)

    def total(low: int, offset: int) -> float:
        k = 4 * np.arange(math.floor((-n / farthest + low) / 4), math.floor((n / farthest - 1) / 4) + 1) + offset
        return float((special.ndtr((k + 2) * reach) - special.ndtr(k * reach)).sum())

    return min(1.0, max(0.0, 1 - total(1, -1) + total(-3, 1)))


def _ones(bits: Bits) -> int:
    return int(bits.sum(dtype=np.int64))


def _rank_probability(size: int, rank: int) -> float:
    """Of a random square matrix over GF(2) (section 3.5)."""
    terms = ((1 - 2.0 ** (i - size)) ** 2 / (1 - 2.0 ** (i - rank)) for i in range(rank))
    return 2.0 ** (rank * (2 * size - rank) - size**2) * math.prod(terms)


def _patterns(bits: Bits, length: int) -> NDArray[np.float64]:
    """How often each pattern of `length` bits is there, the sequence taken as a ring: (2^length,)."""
    number = np.zeros(len(bits), dtype=np.int64)
    for place in range(length):
        number = 2 * number + np.roll(bits, -place)
    return np.bincount(number, minlength=2**length).astype(np.float64)


def _psi_square(bits: Bits, length: int) -> float:
    """How unequal the patterns' numbers are; 0 for the empty pattern."""
    return float((_patterns(bits, length) ** 2).sum()) * 2.0**length / len(bits) - len(bits)


def _phi(bits: Bits, length: int) -> float:
    shares = _patterns(bits, length) / len(bits)
    return float(special.xlogy(shares, shares).sum())


def _chi_square(value: float, freedom: float) -> float:
    """The p of a chi^2; a value that rounding has put below 0 is 0."""
    return float(special.gammaincc(freedom / 2, max(0.0, value) / 2))
