"""One training loop for every model of the book, and what it is made of.

`trainer` holds the loop and says what a task brings to it; `config` how to train,
`batches` which examples share a batch, `losses`, `schedules` of the learning rate and
its `range_test`, `optimizers`, and `checkpoints`, from which a run continues bit for
bit.
"""

from transformers_explained.training.batches import (
    epoch_batches,
)
from transformers_explained.training.checkpoints import (
    load_weights,
    save_weights,
)
from transformers_explained.training.config import (
    TrainingConfig,
)
from transformers_explained.training.losses import (
    cross_entropy,
)
from transformers_explained.training.optimizers import (
    SGD,
    Adam,
    AdamW,
    adamw,
    parameter_groups,
)
from transformers_explained.training.range_test import (
    range_test,
)
from transformers_explained.training.trainer import (
    Batch,
    Collate,
    Evaluate,
    History,
    Loss,
    Trainer,
    mean_loss,
    set_seed,
    train,
)

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Batch",
    "Collate",
    "Evaluate",
    "History",
    "Loss",
    "Trainer",
    "TrainingConfig",
    "adamw",
    "cross_entropy",
    "epoch_batches",
    "load_weights",
    "mean_loss",
    "parameter_groups",
    "range_test",
    "save_weights",
    "set_seed",
    "train",
]
