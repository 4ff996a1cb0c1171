"""Real pretrained weights in the book's own modules.

`loading` finds a model's files and reads them; `weight_names` says which of their
tensors is which of ours, `weight_copy` moves them and names all that do not fit, and
`torch_layers` puts PyTorch's own layers in the place of ours. `quantized` reads a model
in 4 bits (`blocks`), which `prune_multilingual` made.
"""

from transformers_explained.pretrained.loading import (
    load_bert,
    load_distilbert,
    load_gpt2,
    load_tokenizer,
    load_whole_tokenizer,
    model_folder,
    read_weights,
)

__all__ = [
    "load_bert",
    "load_distilbert",
    "load_gpt2",
    "load_tokenizer",
    "load_whole_tokenizer",
    "model_folder",
    "read_weights",
]
