"""RMSNorm, gated networks, grouped queries: each alone, and together as Llama."""

import pytest
import torch
import torch.nn.functional as F
from parity import assert_same
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from transformers_explained.attention import MultiHeadAttention
from transformers_explained.cache import KeyValueCache
from transformers_explained.decoding import greedy
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.layers import (
    GatedFeedForward,
    GroupedQueryAttention,
    ModernLayer,
    RMSNorm,
)
from transformers_explained.masks import causal_mask
from transformers_explained.positions import RotaryPositions
from transformers_explained.pretrained.llama import (
    llama_from_weights,
    neighbouring_pairs,
    split_halves,
)

B, T, D_MODEL, H, K, HEAD, D_FF, V = 2, 5, 24, 6, 2, 4, 11, 13


@pytest.mark.parametrize("fused", [True, False])
def test_rms_norm_equals_pytorch(fused: bool) -> None:
    x = torch.randn(3, 5, 7, dtype=torch.float64, requires_grad=True)
    ours, theirs = RMSNorm(7, eps=1e-3, fused=fused), nn.RMSNorm(7, eps=1e-3)
    weight = torch.randn(7)
    for norm in (ours, theirs):
        nn.init.normal_(norm.weight).data.copy_(weight)
        norm.double()
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-12)
    (a,), (b,) = (torch.autograd.grad(f(x).sin().sum(), x) for f in (ours, theirs))
    torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_rms_norm_takes_large_numbers_in_half_types(dtype: torch.dtype) -> None:
    x = (torch.randn(3, 64) * 300).to(dtype)  # squares beyond what fp16 can hold
    explicit, fused = RMSNorm(64, fused=False).to(dtype), RMSNorm(64).to(dtype)
    step = torch.finfo(dtype).eps
    torch.testing.assert_close(explicit(x), fused(x), rtol=2 * step, atol=step)


def test_rms_norm_moves_nothing() -> None:
    x = torch.randn(3, 7)
    assert not torch.allclose(RMSNorm(7)(x + 1), RMSNorm(7)(x))
    torch.testing.assert_close(RMSNorm(7, eps=1e-12)(5 * x), RMSNorm(7, eps=1e-12)(x))


def test_gated_network_is_the_formula() -> None:
    network = GatedFeedForward(7, 11)
    x = torch.randn(3, 5, 7)
    gate, up = x @ network.gate_proj.weight.T, x @ network.up_proj.weight.T
    expected = (gate * torch.sigmoid(gate) * up) @ network.down_proj.weight.T
    torch.testing.assert_close(network(x), expected)
    assert sum(p.numel() for p in network.parameters()) == 3 * 7 * 11


def repeated(grouped: GroupedQueryAttention) -> MultiHeadAttention:
    """Multi-head attention whose heads are copies of the group's."""
    full = MultiHeadAttention(D_MODEL, H, rotary=grouped.rotary).double()
    full.load_state_dict(grouped.state_dict() | copies(grouped))
    return full


def copies(grouped: GroupedQueryAttention) -> dict[str, torch.Tensor]:
    return {
        name: tensor.unflatten(0, (K, HEAD)).repeat_interleave(H // K, 0).flatten(0, 1)
        for name, tensor in grouped.state_dict().items()
        if name.startswith(("k_proj", "v_proj"))
    }


@pytest.mark.parametrize("weights", [True, False])
@pytest.mark.parametrize("rotary", [True, False])
@pytest.mark.parametrize("kind", ["none", "causal", "padding", "heads"])
def test_grouped_queries_are_multi_head_attention_with_copied_keys(
    weights: bool, rotary: bool, kind: str
) -> None:
    turn = RotaryPositions(HEAD, 9).double() if rotary else None
    grouped = GroupedQueryAttention(D_MODEL, H, K, rotary=turn).double()
    x = torch.randn(B, T, D_MODEL, dtype=torch.float64, requires_grad=True)
    mask = {
        "none": None,
        "causal": causal_mask(T),
        "padding": torch.tensor([[True] * 5, [True] * 3 + [False] * 2])[:, None, None],
        "heads": torch.rand(B, H, T, T) > 0.4,
    }[kind]
    same = repeated(grouped)  # loading fills the shared table anew, in double
    ours, our_weights = grouped(x, mask=mask, return_weights=weights)
    full, full_weights = same(x, mask=mask, return_weights=weights)
    torch.testing.assert_close(ours, full, rtol=0, atol=1e-12)
    if weights:
        torch.testing.assert_close(our_weights, full_weights, rtol=0, atol=1e-12)
    (a,) = torch.autograd.grad(ours.sin().sum(), x)
    (b,) = torch.autograd.grad(full.sin().sum(), x)
    torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def test_a_cache_of_grouped_queries_keeps_fewer_numbers() -> None:
    attention = GroupedQueryAttention(D_MODEL, H, K, rotary=RotaryPositions(HEAD, 9))
    x = torch.randn(B, T, D_MODEL)
    with torch.no_grad():
        whole, _ = attention(x, mask=causal_mask(T))
        cache = KeyValueCache(T)
        first, _ = cache.attend(attention, x[:, :2], mask=causal_mask(2))
        rest = [cache.attend(attention, x[:, t : t + 1])[0] for t in range(2, T)]
    torch.testing.assert_close(torch.cat([first, *rest], dim=1), whole)
    kept = cache.stored()
    assert kept is not None
    assert kept[0].shape == (B, K, T, HEAD)


@pytest.mark.parametrize("num_kv_heads", [0, 4, 7])
def test_groups_must_be_even(num_kv_heads: int) -> None:
    with pytest.raises(ValueError, match="num_kv_heads must divide num_heads"):
        GroupedQueryAttention(D_MODEL, H, num_kv_heads)


def test_a_layer_without_changes_is_the_layer() -> None:
    layer = ModernLayer(D_MODEL, H, D_FF, {}, norm="pre")
    assert type(layer.attention) is MultiHeadAttention
    assert layer.attention.q_proj.bias is not None
    bare = ModernLayer(D_MODEL, H, D_FF, {"attention_bias": False}, norm="pre")
    assert bare.attention.q_proj.bias is None
    assert type(bare.norm1) is type(layer.norm1)


def llama(tied: bool) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=V,
        hidden_size=D_MODEL,
        num_attention_heads=H,
        num_key_value_heads=K,
        num_hidden_layers=3,
        intermediate_size=D_FF,
        max_position_embeddings=17,
        rms_norm_eps=1e-4,
        rope_theta=500.0,
        tie_word_embeddings=tied,
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config).eval()
    for name, parameter in model.named_parameters():
        if "norm" in name:  # else a norm that is forgotten would not be seen
            nn.init.normal_(parameter, mean=1.0, std=0.3)
    return model


@pytest.mark.parametrize("tied", [True, False])
def test_llama_equals_hugging_face(tied: bool) -> None:
    """In single precision: Hugging Face's angles are never more precise."""
    theirs = llama(tied)
    ours = llama_from_weights(theirs.config.to_dict(), theirs.state_dict())
    ids = torch.randint(V, (B, T))
    targets = torch.randint(V, (B * T,))
    losses = []
    for scores in (ours(ids)[0], theirs(ids).logits):
        losses.append(F.cross_entropy(scores.flatten(0, 1), targets))
    assert_same(ours(ids)[0], theirs(ids).logits)
    for loss in losses:
        loss.backward()
    layer, our_layer = theirs.model.layers[1], ours.decoder.layers[1]
    attention, our_attention = layer.self_attn, our_layer.attention
    pairs = [
        (our_attention.v_proj, attention.v_proj.weight.grad),
        (our_attention.q_proj, neighbouring_pairs(attention.q_proj.weight.grad, H)),
        (our_attention.k_proj, neighbouring_pairs(attention.k_proj.weight.grad, K)),
        (our_layer.feed_forward.gate_proj, layer.mlp.gate_proj.weight.grad),
        (our_layer.norm2, layer.post_attention_layernorm.weight.grad),
        (ours.tokens, theirs.model.embed_tokens.weight.grad),
    ]
    for module, expected in pairs:
        assert_same(module.weight.grad, expected, what="gradient")


def test_llama_writes_the_same_with_a_cache() -> None:
    theirs = llama(True)
    ours = llama_from_weights(theirs.config.to_dict(), theirs.state_dict())
    prompt = torch.randint(V, (B, 3))
    whole = greedy(ours, prompt, max_new_tokens=9, use_cache=False)
    assert torch.equal(greedy(ours, prompt, max_new_tokens=9), whole)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model_type", "mistral"),
        ("hidden_act", "gelu"),
        ("attention_bias", True),
        ("mlp_bias", True),
        ("head_dim", 6),
        ("rope_scaling", {"rope_type": "linear", "factor": 2.0}),
    ],
)
def test_other_llamas_are_refused(name: str, value: object) -> None:
    theirs = llama(True)
    config = {**theirs.config.to_dict(), name: value}
    with pytest.raises(ValueError, match=f"{name} must be"):
        llama_from_weights(config, theirs.state_dict())


def test_pairs_and_halves_are_inverse() -> None:
    weight = torch.randn(K * HEAD, 3)
    assert torch.equal(split_halves(neighbouring_pairs(weight, K), K), weight)
    assert not torch.equal(neighbouring_pairs(weight, K), weight)


@pytest.mark.parametrize("base", [1.0, float("inf"), float("nan")])
def test_the_base_of_rotary_positions_must_turn(base: float) -> None:
    with pytest.raises(ValueError, match="base must be above 1"):
        RotaryPositions(HEAD, 9, base=base)


def test_choices_of_the_language_model() -> None:
    config = LanguageModelConfig(
        vocab_size=V, d_model=D_MODEL, num_heads=H, num_layers=2, d_ff=D_FF
    )
    assert config.changes == {}
    with pytest.raises(ValueError, match="norm_kind must be one of layer, rms"):
        LanguageModelConfig(vocab_size=V, norm_kind="batch")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="num_kv_heads must divide num_heads"):
        LanguageModel(LanguageModelConfig(vocab_size=V, num_kv_heads=3))
