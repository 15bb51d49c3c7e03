"""The ordinary way to run the paper's experiment, as its clones do: what the engines are measured against.

One replica, `nn.Linear` and `nn.Conv1d`, `torch.optim.Adam`, three backward passes a step. It stands alone on purpose:
a yardstick that shared code with what it measures would grow faster with it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

# (window, channels in, channels out, stride), section 2; SAME padding is 1 left and 2 right for window 4, else none.
CONVOLUTIONS = ((4, 1, 2, 1), (2, 2, 4, 2), (1, 4, 4, 1), (1, 4, 1, 1))


class MixTransform(nn.Module):
    """The paper's "mix & transform": a full layer, four convolutions; sigmoid after each but the last, tanh there.

    Args:
        in_width: message and key, or the ciphertext alone for Eve.
        out_width: N; the full layer has 2N outputs.
    """

    def __init__(self, in_width: int, out_width: int) -> None:
        super().__init__()
        self.mix = nn.Linear(in_width, 2 * out_width)
        self.transform = nn.ModuleList(
            nn.Conv1d(inputs, outputs, window, stride) for window, inputs, outputs, stride in CONVOLUTIONS
        )
        for layer in (self.mix, *self.transform):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.sigmoid(self.mix(x)).unsqueeze(1)  # (B, 1, 2N)
        for layer, (window, *_) in zip(self.transform, CONVOLUTIONS, strict=True):
            x = layer(functional.pad(x, (1, 2)) if window == 4 else x)
            x = torch.tanh(x) if layer is self.transform[-1] else torch.sigmoid(x)
        return x.squeeze(1)  # (B, N)


class Yardstick:
    """Alice, Bob and Eve of the symmetric game, key as long as the message, trained by the schedule of section 2.5.

    Args:
        message_bits, batch: N and B.
        learning_rate: Adam's, for both sides.
        seed: of weights and data; the global generator is left as it was.
        device: where all of it lives.
    """

    def __init__(
        self, message_bits: int, batch: int, learning_rate: float, seed: int, device: torch.device | str = "cpu"
    ) -> None:
        self.message_bits, self.batch, self.device = message_bits, batch, torch.device(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            alice, bob = (MixTransform(2 * message_bits, message_bits) for _ in range(2))
            eve = MixTransform(message_bits, message_bits)
        self.alice, self.bob, self.eve = (player.to(self.device) for player in (alice, bob, eve))
        self.data = torch.Generator(self.device).manual_seed(seed)
        both = [*self.alice.parameters(), *self.bob.parameters()]
        self.alice_bob_optimiser = torch.optim.Adam(both, lr=learning_rate)
        self.eve_optimiser = torch.optim.Adam(self.eve.parameters(), lr=learning_rate)

    def step(self) -> None:
        """One round: Alice and Bob on one minibatch, then Eve on two, all of fresh bits. Nothing is read back."""
        message, key = self._bits(), self._bits()
        ciphertext = self.alice(torch.cat([message, key], 1))
        bob = self._bits_wrong(message, self.bob(torch.cat([ciphertext, key], 1)))
        eve = self._bits_wrong(message, self.eve(ciphertext))
        chance = self.message_bits / 2
        loss = (bob / self.message_bits + (chance - eve) ** 2 / chance**2).mean()
        self.alice_bob_optimiser.zero_grad()
        loss.backward()
        self.alice_bob_optimiser.step()
        for _ in range(2):
            message, key = self._bits(), self._bits()
            with torch.no_grad():
                ciphertext = self.alice(torch.cat([message, key], 1))
            eve_loss = self._bits_wrong(message, self.eve(ciphertext)).mean()
            self.eve_optimiser.zero_grad()  # also drops what Alice's and Bob's pass left here
            eve_loss.backward()
            self.eve_optimiser.step()

    @torch.no_grad()
    def errors(self) -> tuple[float, float]:
        """Bob's and Eve's continuous bits wrong on one fresh batch, in [0, N]."""
        message, key = self._bits(), self._bits()
        ciphertext = self.alice(torch.cat([message, key], 1))
        bob = self._bits_wrong(message, self.bob(torch.cat([ciphertext, key], 1)))
        return bob.mean().item(), self._bits_wrong(message, self.eve(ciphertext)).mean().item()

    def _bits(self) -> Tensor:
        uniform = torch.rand(self.batch, self.message_bits, generator=self.data, device=self.device)
        return 2 * uniform.round() - 1  # (B, N) in {-1, +1}

    @staticmethod
    def _bits_wrong(message: Tensor, guess: Tensor) -> Tensor:
        return (message - guess).abs().sum(1) / 2  # (B,): on this coding one wrong bit counts 2
