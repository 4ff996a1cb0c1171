"""What changes the weights: SGD, momentum, Adam and AdamW, written out.

Each equals PyTorch's of the same name (tests/lessons/test_optimizers.py) and takes its
place anywhere: in a loop, in `Trainer`, in a checkpoint. `adamw` gives PyTorch's own,
which is faster, with weight decay where it belongs.
"""

from transformers_explained.training.optimizers.adam import Adam, AdamW
from transformers_explained.training.optimizers.groups import adamw, parameter_groups
from transformers_explained.training.optimizers.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "adamw", "parameter_groups"]
