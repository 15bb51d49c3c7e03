"""Every network of the family keeps the contract, the paper's network is the paper's, and a user's own is checked."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adversarial_crypto.lab.yardstick import MixTransform as Ordinary
from adversarial_crypto.networks import NETWORKS, Build, Init
from adversarial_crypto.numerics.layers import Linear

R, B = 3, 6
WIDTHS = [(8, 4), (7, 5), (1, 1), (16, 16)]
FAMILY = sorted(NETWORKS)
REAL = ("real_dense", "real_valued")  # for values that are no bits: linear outputs


def seeds(*replicas: int) -> Tensor:
    """(R, 2), all of seed 5."""
    return torch.tensor([[5, replica] for replica in replicas])


def built(name: str, in_width: int, out_width: int, replicas: tuple[int, ...] = (0, 1, 2), **init) -> nn.Module:
    """A member of the family on some replicas."""
    return NETWORKS[name](in_width, out_width, Init(seeds(*replicas), "alice", init.pop("scheme", "xavier"), **init))


def inputs(in_width: int, rows: int = R) -> Tensor:
    """(R, B, in) of -1 and +1, the features innermost in memory."""
    generator = torch.Generator().manual_seed(in_width)
    return torch.randint(0, 2, (rows, B, in_width), generator=generator) * 2.0 - 1


@pytest.mark.parametrize("scheme", ["xavier", "torch"])
@pytest.mark.parametrize(("in_width", "out_width"), WIDTHS)
@pytest.mark.parametrize("name", FAMILY)
def test_shapes_and_range(name: str, in_width: int, out_width: int, scheme: str) -> None:
    """(R, B, in) becomes (R, B, out), finite and but for real numbers inside (-1, 1); every parameter leads with R."""
    network = built(name, in_width, out_width, scheme=scheme)
    outputs = network(inputs(in_width))
    assert outputs.shape == (R, B, out_width) and outputs.dtype == torch.float32
    assert bool((outputs.abs() < 1).all()) or (name in REAL and bool(outputs.isfinite().all()))
    assert all(weight.shape[0] == R for weight in network.parameters())


@pytest.mark.parametrize("name", FAMILY)
def test_memory_layout_is_the_callers_choice(name: str) -> None:
    """Inputs with the batch axis innermost and inputs without it give the same outputs."""
    network, plain = built(name, 8, 4), inputs(8)
    batch_innermost = plain.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(network(plain), network(batch_innermost), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", FAMILY)
def test_replicas_and_examples_stay_apart(name: str) -> None:
    """An output depends on its own replica's weights and its own example alone."""
    network, x = built(name, 8, 4), inputs(8).requires_grad_()
    parameters = list(network.parameters())
    outputs = network(x)
    for replica in range(R):
        reached = torch.autograd.grad(outputs[replica, 2].sum(), [x, *parameters], retain_graph=True)
        assert [bool(row.any()) for row in reached[0].flatten(0, 1)] == [
            (r, b) == (replica, 2) for r in range(R) for b in range(B)
        ]
        for gradient in reached[1:]:
            assert not bool(gradient[[r for r in range(R) if r != replica]].any())
        assert all(bool(gradient[replica].any()) for gradient in reached[1:]), "a parameter without any use"


@pytest.mark.parametrize("name", FAMILY)
def test_slicing_replicas_changes_nothing(name: str) -> None:
    """A replica has the same weights bit for bit, and the same outputs to 1e-6, alone and among others."""
    whole, x = built(name, 8, 4), inputs(8)
    for replica in range(R):
        alone = built(name, 8, 4, (replica,))
        for mine, theirs in zip(alone.parameters(), whole.parameters(), strict=True):
            assert torch.equal(mine[0], theirs[replica])
        torch.testing.assert_close(alone(x[replica : replica + 1])[0], whole(x)[replica], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", FAMILY)
def test_every_layer_draws_its_own_weights(name: str) -> None:
    """No two layers, players or fresh adversaries start with the same numbers anywhere."""
    networks = [built(name, 8, 4, (0,), adversary=adversary) for adversary in (0, 1, 2)]
    networks.append(NETWORKS[name](8, 4, Init(seeds(0), "bob", "xavier")))
    pieces = [
        weight.detach().flatten()[:2000] for network in networks for weight in network.parameters() if weight.any()
    ]
    # Equal draws would show as equal numbers up to the layer's range: compare places inside the range.
    places = torch.cat([piece / piece.abs().max() for piece in pieces])
    assert len(places.unique()) > 0.98 * len(places) - len(pieces)
    layers = {tuple(piece[:4].tolist()) for piece in pieces}
    assert len(layers) == len(pieces)


@pytest.mark.parametrize(
    ("name", "bits", "alice", "eve"),
    [
        ("mix_transform", 16, 1111, 599),
        ("mix_transform", 32, 4215, 2167),
        # fully connected 32 * 32 + 32; convolutions 2*1*2 + 2, 1*2*2 + 2, 1*2*1 + 1
        ("released", 16, 1056 + 6 + 6 + 3, 544 + 6 + 6 + 3),
        ("dense", 16, 33 * 256 + 257 * 256 + 257 * 16, 17 * 256 + 257 * 256 + 257 * 16),
    ],
)
def test_parameter_counts(name: str, bits: int, alice: int, eve: int) -> None:
    """The paper's network has the paper's sizes with biases, the others those of their description."""
    for in_width, expected in ((2 * bits, alice), (bits, eve)):
        network = built(name, in_width, bits, (0,))
        assert sum(weight.numel() for weight in network.parameters()) == expected


def test_mix_transform_is_the_papers_network() -> None:
    """On the same weights each replica computes what the ordinary nn.Linear and nn.Conv1d network computes."""
    network, x = built("mix_transform", 8, 4, scheme="torch"), inputs(8)
    for replica in range(R):
        ordinary = Ordinary(8, 4)
        with torch.no_grad():
            for theirs, mine in zip(ordinary.parameters(), network.parameters(), strict=True):
                theirs.copy_(mine[replica])
        torch.testing.assert_close(network(x)[replica], ordinary(x[replica]), rtol=0, atol=1e-6)


def test_released_is_the_released_codes_network() -> None:
    """Linear full layer, convolutions (2,1,2) by two, (1,2,2), (1,2,1), sigmoid between, tanh last."""
    network, x = built("released", 8, 4, scheme="torch"), inputs(8)
    outputs = network(x)
    for r in range(R):
        w = {name: weight[r] for name, weight in network.named_parameters()}
        hidden = F.linear(x[r], w["mix.weight"], w["mix.bias"]).unsqueeze(1)  # (B, 1, 8)
        hidden = torch.sigmoid(F.conv1d(hidden, w["conv1.weight"], w["conv1.bias"], stride=2))
        hidden = torch.sigmoid(F.conv1d(hidden, w["conv2.weight"], w["conv2.bias"]))
        expected = torch.tanh(F.conv1d(hidden, w["conv3.weight"], w["conv3.bias"])).squeeze(1)
        torch.testing.assert_close(outputs[r], expected, rtol=0, atol=1e-6)


def test_dense_is_two_hidden_layers() -> None:
    """In -> 256 -> 256 -> out with rectified linear units between and tanh last."""
    network, x = built("dense", 8, 4, scheme="torch"), inputs(8)
    outputs = network(x)
    for r in range(R):
        w = {name: weight[r] for name, weight in network.named_parameters()}
        hidden = torch.relu(F.linear(x[r], w["hidden1.weight"], w["hidden1.bias"]))
        hidden = torch.relu(F.linear(hidden, w["hidden2.weight"], w["hidden2.bias"]))
        expected = torch.tanh(F.linear(hidden, w["out.weight"], w["out.bias"]))
        torch.testing.assert_close(outputs[r], expected, rtol=0, atol=1e-6)


class OneLayer(nn.Module):
    """The smallest network a user can write."""

    def __init__(self, in_width: int, out_width: int, init: Init) -> None:
        super().__init__()
        self.only = Linear(in_width, out_width, init.at("only"))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.only(x.transpose(1, 2))).transpose(1, 2)


def test_a_users_smallest_network_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of one layer passes the same tests as the family: the contract asks for nothing hidden."""
    build: Build = OneLayer
    monkeypatch.setitem(NETWORKS, "one_layer", build)  # type: ignore[arg-type]
    test_shapes_and_range("one_layer", 8, 4, "xavier")
    test_replicas_and_examples_stay_apart("one_layer")
    test_slicing_replicas_changes_nothing("one_layer")
