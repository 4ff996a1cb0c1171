"""Self-checks of the chapter "From history to Transformers"."""

import torch
from torch import Tensor

from transformers_explained.lesson.check import Attempt, register
from transformers_explained.recurrent import RNN


@register("history.rnn-chain")
def rnn_chain(attempt: Attempt) -> None:
    """The length of the chain of operations, as a function of the sentence's."""
    for length, operations in ((1, 8), (256, 773), (1000, 3005)):
        attempt.expect_close(attempt.call(length=length), operations)


@register("history.read")
def read(attempt: Attempt) -> None:
    """A recurrent reading that keeps its state from one word to the next."""
    generator = torch.Generator().manual_seed(0)
    network = RNN(3, 5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 2)
        inputs = torch.randn(2, 4, 3, generator=generator)
        wanted = network(inputs)[1]

        def step(x: Tensor, h: Tensor) -> Tensor:
            return network.step(x, h)

        got = attempt.call(step=step, inputs=inputs, hidden_size=5)
    attempt.expect_close(got, wanted)


@register("history.accuracies")
def accuracies(attempt: Attempt) -> None:
    """The accuracies of three trainings, each measured on 2,000 sequences.

    Their values depend on the machine's arithmetic; what they are made of does not.
    """
    values = attempt.value()
    attempt.expect_type(values, list)
    attempt.require(len(values) == 3, "history.want-three")
    for value in values:
        attempt.expect_type(value, float)
        right = 2000 * value
        attempt.require(
            0 <= right <= 2000 and abs(right - round(right)) < 1e-3,
            "history.want-measured",
        )
    attempt.require(len(set(values)) > 1, "history.want-seeds")
