"""Low-rank adapters (LoRA) by peft: fine-tune an encoder that is too large to fine-tune whole."""

from typing import Final

from torch import nn
from transformers import PreTrainedModel

from genomask.checks import require, require_packages
from genomask.models.bert import seeded

# Of every attention: queries and values, as in Hu et al. 2021, Sec. 4.2, or the one matrix that they share with keys.
ADAPTED: Final = ("query", "value", "q_lin", "v_lin", "Wqkv")


def add_lora(model: PreTrainedModel, *, rank: int, seed: int) -> None:
    """Freeze the encoder and add adapters of this rank, scaled by 2, to its attention; the head stays trainable.

    Args:
        model: A classifier, changed in place.
        rank: Of every adapter.
        seed: Draws the adapters' first factors; the second ones begin with zeros.

    Raises:
        ValueError: If peft is not installed, or the encoder's attention is of an unknown kind.
    """
    require_packages("finetune.lora", "peft", extra="lora")
    from peft import LoraConfig, inject_adapter_in_model

    encoder = model.base_model
    for name, weight in encoder.named_parameters():
        weight.requires_grad = name.startswith("pooler.")  # a part of the head
    present = {name.rpartition(".")[2] for name, _ in encoder.named_modules()}
    adapted = [name for name in ADAPTED if name in present]
    require(adapted, f"finetune.lora={rank}", f"attention with {', '.join(ADAPTED)}", model.config.model_type)
    with seeded(seed):
        inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=adapted), encoder)


def merge_lora(model: nn.Module) -> None:
    """Add what the adapters have learned to the weights, and remove them; nothing happens where there are none."""
    from peft.tuners.lora import LoraLayer

    for parent in list(model.modules()):
        for name, part in list(parent.named_children()):
            if isinstance(part, LoraLayer):
                part.merge()
                setattr(parent, name, part.get_base_layer())
