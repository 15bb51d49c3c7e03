"""Layers that hold R independent copies of themselves, with the batch axis innermost: (R, features, B)."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adversarial_crypto.numerics import fused
from adversarial_crypto.numerics.philox import Address, Stream, uniforms


@dataclass(frozen=True)
class Init:
    """How the weights of one player are drawn: a pure function of seed, replica, adversary and parameter name.

    Args:
        seeds: (R, 2) int64, (seed, replica), on the CPU.
        player: the player's name; its layers append theirs with `at`, so Alice and Bob never start alike.
        scheme: "xavier" (Glorot and Bengio 2010: uniform, zero biases) or "torch" (PyTorch's default, biases too).
        adversary: (R,) int64, 0 for the trained player, 1 + e for the fresh adversary e.
    """

    seeds: Tensor
    player: str
    scheme: str
    adversary: Tensor | int = 0

    def at(self, name: str) -> Init:
        """The same initialisation one level down: "alice" -> "alice.mix"."""
        return replace(self, player=f"{self.player}.{name}")

    def weight(self, shape: tuple[int, ...], fan_in: int, fan_out: int) -> nn.Parameter:
        """(R, *shape), uniform in +-sqrt(6 / (fan_in + fan_out)) or, for "torch", +-1 / sqrt(fan_in)."""
        limit = math.sqrt(6 / (fan_in + fan_out)) if self.scheme == "xavier" else 1 / math.sqrt(fan_in)
        return self._uniform("weight", shape, limit)

    def bias(self, width: int, fan_in: int) -> nn.Parameter:
        """(R, width), zeros or, for "torch", uniform in +-1 / sqrt(fan_in)."""
        return self._uniform("bias", (width,), 0.0 if self.scheme == "xavier" else 1 / math.sqrt(fan_in))

    def _uniform(self, parameter: str, shape: tuple[int, ...], limit: float) -> nn.Parameter:
        name = zlib.crc32(f"{self.player}.{parameter}".encode())
        address = Address(self.seeds, name, 0, adversary=self.adversary)
        drawn = uniforms(address, Stream.WEIGHTS, math.prod(shape)).reshape(-1, *shape)
        return nn.Parameter((2 * drawn - 1) * limit)


def beside(*parts: Tensor) -> Tensor:
    """Words side by side, (R, B, a) and (R, B, b) -> (R, B, a + b), with the batch axis left innermost in memory."""
    return torch.cat([part.transpose(1, 2) for part in parts], 1).transpose(1, 2)


class Linear(nn.Module):
    """y = W x + b for R copies. Weight (R, out, in), bias (R, out)."""

    def __init__(self, in_features: int, out_features: int, init: Init) -> None:
        super().__init__()
        self.weight = init.weight((out_features, in_features), in_features, out_features)
        self.bias = init.bias(out_features, in_features)

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, in, B) -> (R, out, B)."""
        return torch.baddbmm(self.bias.unsqueeze(-1), self.weight, inputs)


class Conv1d(nn.Module):
    """One-dimensional convolution (cross-correlation, as everywhere in the field) with SAME padding, for R copies.

    A channel is a tensor of its own, (R, L, B). So a stack of these layers is pointwise in (R, L, B) up to shifts,
    which a compiler fuses into a loop or two. On a processor small stacks are one operation instead (fused.py).

    Weight (R, out, in, window), bias (R, out); R separate `torch.nn.functional.conv1d` are its reference. SAME pads so
    that the length is ceil(length / stride), the odd element on the right: window 4 gets 1 left and 2 right.
    """

    def __init__(self, in_channels: int, out_channels: int, window: int, stride: int, init: Init) -> None:
        super().__init__()
        fans = in_channels * window, out_channels * window
        self.weight = init.weight((out_channels, in_channels, window), *fans)
        self.bias = init.bias(out_channels, fans[0])
        self.window, self.stride = window, stride

    def forward(self, channels: Sequence[Tensor]) -> list[Tensor]:
        """`in` channels (R, L, B) -> `out` channels (R, ceil(L / stride), B)."""
        taps = [tap for channel in channels for tap in self._taps(channel)]  # in * window of (R, length, B)
        # unbind, not indexing: its gradient is one stack instead of a zero-filled copy for every weight. The copies
        # along L make that gradient a sum over B and then one over L: short sums, in parallel over L.
        rows = taps[0].shape[1], 1
        weights = self.weight.flatten(1)[..., None, None].expand(-1, -1, *rows).unbind(1)
        biases = self.bias[..., None, None].expand(-1, -1, *rows).unbind(1)
        outputs = []
        for index, bias in enumerate(biases):
            total = bias
            for weight, tap in zip(weights[index * len(taps) :], taps, strict=False):
                total = total + weight * tap
            outputs.append(total)
        return outputs

    def _taps(self, channel: Tensor) -> tuple[Tensor, ...]:
        """The inputs that each tap of the window meets: `window` tensors (R, length, B)."""
        length = -(-channel.shape[1] // self.stride)
        padding = max((length - 1) * self.stride + self.window - channel.shape[1], 0)
        if padding == 0 and self.window == self.stride:  # windows side by side
            side_by_side: Tensor = channel.unflatten(1, (length, self.window))
            return side_by_side.unbind(2)
        padded = F.pad(channel, (0, 0, padding // 2, padding - padding // 2))
        last = (length - 1) * self.stride + 1
        return tuple(padded[:, tap : tap + last : self.stride] for tap in range(self.window))


def mixed_and_convolved(
    inputs: Tensor, mix: Linear, layers: Sequence[Conv1d], entering: str = "none", leaving: str = "none"
) -> Tensor:
    """A fully connected layer, then convolutions of what it gives as one channel, with sigmoids between them.

    Args:
        inputs: (R, in, B).
        layers: the first takes one channel, each other as many as the one before it gives, and the last gives one.
        entering, leaving: "none", "sigmoid" or "tanh", before the first convolution and after the last.
    Returns:
        (R, length, B).
    """
    weights = [mix.bias, *(part.flatten(1) for layer in layers for part in (layer.weight, layer.bias))]
    if fused.takes(inputs, _vectors(mix, layers)):
        form = [fused.ACTIVATIONS.index(name) for name in (entering, leaving)]
        for layer in layers:
            _, out_channels, in_channels, window = layer.weight.shape
            form += [in_channels, out_channels, window, layer.stride]
        return fused.mixed_and_convolved(inputs, mix.weight, torch.cat(weights, 1), form)
    channels = [_ACTIVATIONS[entering](mix(inputs))]
    for layer in layers[:-1]:
        channels = [torch.sigmoid(channel) for channel in layer(channels)]
    (last,) = layers[-1](channels)
    return _ACTIVATIONS[leaving](last)


def _vectors(mix: Linear, layers: Sequence[Conv1d]) -> int:
    """What the fused operation holds at once, in numbers of one example: values, gradients, and the weights twice."""
    _, length, width = mix.weight.shape
    held = width + length
    for layer in layers:
        held += layer.window * layer.weight.shape[2]  # padding, at most
        length = -(-length // layer.stride)
        held += layer.weight.shape[1] * length + layer.weight[0].numel() + layer.bias.shape[1]
    return 2 * held


_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda values: values,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}
