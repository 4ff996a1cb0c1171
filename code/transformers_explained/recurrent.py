"""Recurrent networks, and the attention that was first added to them.

Before 2017 a sentence was read one token after the other. This file holds the two
networks that did it best known, and the translator of Bahdanau, Cho and Bengio whose
attention the Transformer kept when it dropped everything else:

* `RNN`, the simple recurrent network of Elman (1990);
* `LSTM`, long short-term memory (Hochreiter & Schmidhuber 1997), with the forget gate
  that Gers, Schmidhuber & Cummins added in 2000;
* `BahdanauTranslator`, an encoder-decoder with additive attention (ICLR 2015).

Axes: B batch, T target position, S source position, D input features, N hidden units.
"""

import torch
from torch import Tensor, nn

from transformers_explained.arguments import check_ids
from transformers_explained.attention import additive_attention


def _check_input(inputs: Tensor, input_size: int) -> None:
    if inputs.dim() != 3 or inputs.shape[-1] != input_size or inputs.shape[1] == 0:
        raise ValueError(
            "inputs must have shape (batch, time >= 1, input_size="
            f"{input_size}); got {tuple(inputs.shape)}"
        )


def _check_state(name: str, state: Tensor, batch: int, hidden_size: int) -> None:
    if state.shape != (batch, hidden_size):
        raise ValueError(
            f"{name} must have shape (batch={batch}, hidden_size={hidden_size}); "
            f"got {tuple(state.shape)}"
        )


class RNN(nn.Module):
    """The simple recurrent network: one state, rewritten at each position.

        h_t = tanh(W_x x_t + b_x + W_h h_(t-1) + b_h),   h_0 = 0

    Reference: Elman (1990), "Finding structure in time". Difference: Elman's units are
    logistic; tanh is what `torch.nn.RNN` and nearly everyone since uses. Equal to
    `nn.RNN(input_size, hidden_size, batch_first=True)` when the weights are copied.

    Args:
        input_size: D, number of features of each input.
        hidden_size: N, number of features of the state.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.from_input = nn.Linear(input_size, hidden_size)
        self.from_state = nn.Linear(hidden_size, hidden_size)
        _initialize(self, hidden_size)

    def step(self, x: Tensor, h: Tensor) -> Tensor:
        """One position: input x (B, D) and state (B, N) give the next state."""
        state: Tensor = torch.tanh(self.from_input(x) + self.from_state(h))
        return state

    def forward(
        self, inputs: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Read a batch of sequences from left to right.

        Args:
            inputs: (B, T, D).
            state: (B, N), the state before the first position; zeros if absent.

        Returns:
            All the states, (B, T, N), and the last one, (B, N).

        Raises:
            ValueError: if `inputs` or `state` has another shape, or no position.
        """
        _check_input(inputs, self.input_size)
        h = inputs.new_zeros(len(inputs), self.hidden_size) if state is None else state
        _check_state("state", h, len(inputs), self.hidden_size)
        states = []
        for x in inputs.unbind(dim=1):  # no position can start before the last one ends
            h = self.step(x, h)
            states.append(h)
        return torch.stack(states, dim=1), h


class LSTM(nn.Module):
    """Long short-term memory: a state, and a cell that is added to, not rewritten.

        i = σ(W_i [x_t, h] + b_i)       input gate: what enters the cell
        f = σ(W_f [x_t, h] + b_f)       forget gate: what stays in it
        g = tanh(W_g [x_t, h] + b_g)    candidate
        o = σ(W_o [x_t, h] + b_o)       output gate: what shows outside
        c_t = f * c_(t-1) + i * g
        h_t = o * tanh(c_t)

    Reference: Hochreiter & Schmidhuber (1997), which has no forget gate (f = 1); it is
    from Gers, Schmidhuber & Cummins (2000). No peephole connections. Equal to
    `nn.LSTM(input_size, hidden_size, batch_first=True)` when the weights are copied:
    the four gates are stacked in the same order i, f, g, o, and, as there, the input
    and the state have a bias each.

    Args:
        input_size: D, number of features of each input.
        hidden_size: N, number of features of the state and of the cell.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.from_input = nn.Linear(input_size, 4 * hidden_size)
        self.from_state = nn.Linear(hidden_size, 4 * hidden_size)
        _initialize(self, hidden_size)

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """One position: x (B, D), h and c (B, N) give the next h and c."""
        i, f, g, o = (self.from_input(x) + self.from_state(h)).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, c

    def forward(
        self, inputs: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Read a batch of sequences from left to right.

        Args:
            inputs: (B, T, D).
            state: h and c before the first position, (B, N) each; zeros if absent.

        Returns:
            All the states h, (B, T, N), and the last h and c, (B, N) each.

        Raises:
            ValueError: if `inputs` or `state` has another shape, or no position.
        """
        _check_input(inputs, self.input_size)
        if state is None:
            zeros = inputs.new_zeros(len(inputs), self.hidden_size)
            state = (zeros, zeros)
        h, c = state
        _check_state("state h", h, len(inputs), self.hidden_size)
        _check_state("state c", c, len(inputs), self.hidden_size)
        states = []
        for x in inputs.unbind(dim=1):
            h, c = self.step(x, h, c)
            states.append(h)
        return torch.stack(states, dim=1), (h, c)


def _initialize(module: nn.Module, hidden_size: int) -> None:
    """Uniform within ±1/√N, as `nn.RNN` and `nn.LSTM` start."""
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -(hidden_size**-0.5), hidden_size**-0.5)


def reverse_within(inputs: Tensor, lengths: Tensor) -> Tensor:
    """Reverse each sequence within its own length and leave its padding in place.

    Reading backwards must start at the last word, not at the padding behind it.

    Args:
        inputs: (B, S, D).
        lengths: (B,), how many positions of each row are real.

    Returns:
        (B, S, D). Applied twice, it gives `inputs` back.
    """
    position = torch.arange(inputs.shape[1], device=inputs.device)
    mirrored = lengths[:, None] - 1 - position
    index = torch.where(mirrored >= 0, mirrored, position)
    return inputs.gather(1, index[:, :, None].expand_as(inputs))


class BahdanauTranslator(nn.Module):
    """A recurrent encoder-decoder whose decoder looks back through attention.

    The encoder reads the source in both directions; its states h_1 … h_S are kept, not
    squeezed into one vector. Before each target word the decoder scores every source
    position against its state s, and receives the weighted mean (the context):

        e_j = v · tanh(W s + U h_j),   a = softmax(e),   context = Σ_j a_j h_j

    Reference: Bahdanau, Cho & Bengio (arXiv 2014, ICLR 2015), section 3 and appendix A.
    Differences: LSTM instead of the gated unit of Cho et al.; the output layer is
    linear in (state, context, previous word) where theirs has a maxout layer; no
    dropout.

    Args:
        source_vocab_size: number of source tokens.
        target_vocab_size: number of target tokens.
        d_model: width of embeddings, of each direction's state and of the scores.
        pad_id: the id that fills short rows, in both languages.
    """

    def __init__(
        self,
        source_vocab_size: int,
        target_vocab_size: int,
        *,
        d_model: int = 64,
        pad_id: int = 0,
    ) -> None:
        super().__init__()
        self.pad_id = pad_id
        self.source_embedding = nn.Embedding(source_vocab_size, d_model)
        self.target_embedding = nn.Embedding(target_vocab_size, d_model)
        self.left_to_right = LSTM(d_model, d_model)
        self.right_to_left = LSTM(d_model, d_model)
        self.first_state = nn.Linear(d_model, d_model)
        self.decoder = LSTM(d_model + 2 * d_model, d_model)
        # The three learned parts of the score: W, U and v.
        self.w_query = nn.Parameter(torch.empty(d_model, d_model))
        self.w_key = nn.Parameter(torch.empty(d_model, 2 * d_model))
        self.v = nn.Parameter(torch.empty(d_model))
        for parameter in (self.w_query, self.w_key, self.v):
            nn.init.uniform_(parameter, -(d_model**-0.5), d_model**-0.5)
        self.output = nn.Linear(d_model + 2 * d_model + d_model, target_vocab_size)

    def encode(self, source_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Read the source, (B, S) ids, in both directions.

        Returns:
            The states of both directions side by side, (B, S, 2·d_model), and the mask
            of real tokens, (B, S), True = may be attended to.

        Raises:
            TypeError: if the ids are not integers.
            ValueError: if they are not (B, S).
        """
        source_ids = check_ids("source_ids", source_ids)
        mask = source_ids != self.pad_id
        lengths = mask.sum(dim=1)
        embedded = self.source_embedding(source_ids)
        forward, _ = self.left_to_right(embedded)
        backward, _ = self.right_to_left(reverse_within(embedded, lengths))
        return torch.cat([forward, reverse_within(backward, lengths)], dim=-1), mask

    def forward(self, source_ids: Tensor, target_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Predict each next target token from those before it (teacher forcing).

        Args:
            source_ids: (B, S), padded on the right with `pad_id`.
            target_ids: (B, T), the decoder's input: the target shifted right.

        Returns:
            Logits (B, T, target_vocab_size) and attention weights (B, T, S).

        Raises:
            TypeError: if the ids are not integers.
            ValueError: if they are not (B, S) and (B, T), with one B.
        """
        target_ids = check_ids("target_ids", target_ids)
        if len(source_ids) != len(target_ids):
            raise ValueError(
                "source_ids and target_ids must have the same batch size; "
                f"got {len(source_ids)} and {len(target_ids)}"
            )
        memory, mask = self.encode(source_ids)
        # The backward reader ends on the first word: its state opens the decoding.
        h = torch.tanh(self.first_state(memory[:, 0, memory.shape[-1] // 2 :]))
        c = torch.zeros_like(h)
        logits, weights = [], []
        for word in self.target_embedding(target_ids).unbind(dim=1):
            context, weight = additive_attention(
                h[:, None],
                memory,
                memory,
                self.w_query,
                self.w_key,
                self.v,
                mask[:, None],
            )
            context = context[:, 0]
            h, c = self.decoder.step(torch.cat([word, context], dim=-1), h, c)
            logits.append(self.output(torch.cat([h, context, word], dim=-1)))
            weights.append(weight[:, 0])
        return torch.stack(logits, dim=1), torch.stack(weights, dim=1)
