"""Networks as the page computes them: layers with their sizes, and the weights of one replica as base64."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Layer:
    """A layer by the name of its parameters; a convolution has a stride, a fully connected layer none."""

    name: str
    activation: str
    stride: int | None = None


# What networks/ has, for those whose layers are these two kinds. Others cannot be shown.
FORMS: Mapping[str, tuple[Layer, ...]] = {
    "mix_transform": (
        Layer("mix", "sigmoid"),
        Layer("conv1", "sigmoid", 1),
        Layer("conv2", "sigmoid", 2),
        Layer("conv3", "sigmoid", 1),
        Layer("conv4", "tanh", 1),
    ),
    "released": (
        Layer("mix", "none"),
        Layer("conv1", "sigmoid", 2),
        Layer("conv2", "sigmoid", 1),
        Layer("conv3", "tanh", 1),
    ),
    "dense": (Layer("hidden1", "relu"), Layer("hidden2", "relu"), Layer("out", "tanh")),
}


def layers(network: str, player: str, arrays: Arrays) -> list[dict[str, Any]]:
    """What networks.js takes of a player: kind and sizes of each layer.

    Args:
        network: one of FORMS.
        player: the prefix of its arrays, such as "alice" or "adversary.own.eve".
        arrays: name -> (R, ...).
    """
    return [_layer(form, arrays[f"{player}.{form.name}.weight"].shape[1:]) for form in FORMS[network]]


def _layer(form: Layer, shape: tuple[int, ...]) -> dict[str, Any]:
    sizes = {"out": shape[0], "in": shape[1], "activation": form.activation}
    return sizes if form.stride is None else {**sizes, "window": shape[2], "stride": form.stride}


def weights(network: str, player: str, arrays: Arrays, replica: int) -> str:
    """All weights of a replica in the order of networks.js, little-endian float32 in base64."""
    names = (f"{player}.{form.name}.{kind}" for form in FORMS[network] for kind in ("weight", "bias"))
    flat = np.concatenate([arrays[name][replica].reshape(-1) for name in names])
    return base64.b64encode(flat.astype("<f4").tobytes()).decode()
