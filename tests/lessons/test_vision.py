"""The Vision Transformer equals Hugging Face's; patches equal a convolution."""

from typing import Any

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from parity import assert_same
from torch import Tensor

from transformers_explained.vision import (
    PatchEmbedding,
    SmallConvolution,
    VisionTransformer,
    VisionTransformerConfig,
    cut_patches,
)

# Pairwise different: B, channels, patch, patches a side, heads, head, d_ff, layers.
SHAPES = [(2, 3, 5, 4, 6, 7, 11, 1), (3, 1, 2, 6, 4, 5, 13, 7)]
OURS = {
    "attention.q_proj": "attention.q_proj",
    "attention.k_proj": "attention.k_proj",
    "attention.v_proj": "attention.v_proj",
    "attention.o_proj": "attention.out_proj",
    "layernorm_before": "norm1",
    "layernorm_after": "norm2",
    "mlp.fc1": "feed_forward.linear1",
    "mlp.fc2": "feed_forward.linear2",
}
TOP = {
    "vit.embeddings.cls_token": "class_token",
    "vit.embeddings.position_embeddings": "positions.weight",
    "vit.embeddings.patch_embeddings.projection": "patches.projection",
    "vit.layernorm": "encoder.final_norm",
    "classifier": "head",
}


def reference(shape: tuple[int, ...], dtype: torch.dtype) -> Any:
    _, channels, size, side, heads, head_dim, d_ff, layers = shape
    torch.manual_seed(0)
    kind: Any = transformers.ViTConfig
    config = kind(
        image_size=size * side,
        patch_size=size,
        num_channels=channels,
        hidden_size=heads * head_dim,
        num_attention_heads=heads,
        num_hidden_layers=layers,
        intermediate_size=d_ff,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        layer_norm_eps=1e-6,
        num_labels=9,
        # Its eager path takes the softmax in single precision.
        attn_implementation="eager" if dtype == torch.float32 else "sdpa",
    )
    model: Any = transformers.ViTForImageClassification(config)
    with torch.no_grad():
        for parameter in model.parameters():  # biases and tokens begin at zero
            parameter.normal_(std=0.2)
    return model.to(dtype)


def same_sizes(shape: tuple[int, ...], dtype: torch.dtype) -> VisionTransformer:
    _, channels, size, side, heads, head_dim, d_ff, layers = shape
    return VisionTransformer(
        VisionTransformerConfig(
            image_size=size * side,
            patch_size=size,
            channels=channels,
            num_classes=9,
            d_model=heads * head_dim,
            num_heads=heads,
            num_layers=layers,
            d_ff=d_ff,
        )
    ).to(dtype)


def our_name(name: str) -> str:
    """What we call a parameter of Hugging Face's."""
    stem, _, last = name.rpartition(".")
    if stem in TOP:
        return f"{TOP[stem]}.{last}"
    if name in TOP:
        return TOP[name]
    number, _, inner = stem.removeprefix("vit.layers.").partition(".")
    return f"encoder.layers.{number}.{OURS[inner]}.{last}"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_equals_hugging_face(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    theirs, ours = reference(shape, dtype), same_sizes(shape, dtype)
    pairs: dict[str, Any] = {
        our_name(name): value for name, value in theirs.named_parameters()
    }
    assert set(pairs) == {name for name, _ in ours.named_parameters()}
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            parameter.copy_(pairs[name].view_as(parameter))
    B, channels, size, side = shape[:4]
    images = torch.randn(B, channels, size * side, size * side, dtype=dtype)
    scores, weights = ours(images, return_weights=True)
    assert weights is not None
    eager = dtype == torch.float32
    found = theirs(pixel_values=images, output_attentions=eager)
    assert_same(scores, found.logits)
    for one, other in zip(
        weights if eager else (), found.attentions or (), strict=True
    ):
        assert_same(one, other)
    way = torch.randn_like(scores)
    (scores * way).sum().backward()
    (found.logits * way).sum().backward()
    largest = max(float(value.grad.abs().max()) for value in pairs.values())
    assert largest > 0
    for name, parameter in ours.named_parameters():
        gradient = pairs[name].grad
        assert parameter.grad is not None
        assert gradient is not None
        assert_same(parameter.grad, gradient.view_as(parameter), largest=largest)


@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 4),
    size=st.integers(1, 4),
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
)
@settings(deadline=None, max_examples=40)
def test_patches_are_a_convolution(
    batch: int, channels: int, size: int, rows: int, columns: int
) -> None:
    embed = PatchEmbedding(size, channels, 5).double()
    images = torch.randn(
        batch, channels, rows * size, columns * size, dtype=torch.float64
    )
    convolved: Tensor = embed.as_convolution()(images)
    assert convolved.shape == (batch, 5, rows, columns)
    assert_same(embed(images), convolved.flatten(2).mT)


def test_patches_stand_in_reading_order() -> None:
    image = torch.arange(24.0).view(1, 1, 4, 6)
    rows = cut_patches(image, 2)[0]
    assert rows.tolist()[1] == [2, 3, 8, 9]
    assert rows.tolist()[3] == [12, 13, 18, 19]


@pytest.mark.parametrize(
    ("images", "size", "message"),
    [
        (torch.zeros(2, 8, 8), 2, r"axes \(B, C, height, width\).*\(2, 8, 8\)"),
        (torch.zeros(2, 1, 8, 6), 4, "size must divide.*got 4 for 8 × 6"),
        (torch.zeros(2, 1, 8, 6), 0, "size must divide.*got 0"),
    ],
)
def test_patches_refuse(images: Tensor, size: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cut_patches(images, size)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patch_size": 3}, "image_size must be a multiple of patch_size.*=3"),
        ({"num_heads": 5}, "num_heads must divide d_model"),
        ({"dropout": 1.0}, "dropout must lie"),
        ({"channels": 0}, "channels must be at least 1; got 0"),
        ({"norm_eps": 0.0}, "norm_eps"),
    ],
)
def test_a_configuration_refuses(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VisionTransformerConfig(**change)  # type: ignore[arg-type]


def test_the_convolution_refuses_other_sides() -> None:
    assert SmallConvolution(image_size=12)(torch.zeros(3, 1, 12, 12)).shape == (3, 10)
    with pytest.raises(ValueError, match="multiple of 4; got 10"):
        SmallConvolution(image_size=10)


def test_without_positions_the_order_of_patches_is_not_seen() -> None:
    images = torch.randn(3, 1, 8, 8)
    turned = images.flip(2)  # whole rows of patches, and rows inside them
    rows = images.view(3, 1, 4, 2, 8).flip(2).reshape(3, 1, 8, 8)  # patches only
    for positions in (False, True):
        torch.manual_seed(0)
        model = VisionTransformer(VisionTransformerConfig(positions=positions)).eval()
        same = torch.allclose(model(images)[0], model(rows)[0], atol=1e-6)
        assert same is not positions
        assert not torch.allclose(model(images)[0], model(turned)[0], atol=1e-6)
