"""The optimiser and the learning rate that pretraining and fine-tuning share."""

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_linear_schedule_with_warmup


def adamw(
    module: nn.Module,
    *,
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
    weight_decay: float,
    warmup_steps: int,
    max_steps: int,
    fused: bool = True,
) -> tuple[AdamW, LambdaLR]:
    """AdamW with linear warmup, then linear decay to zero at ``max_steps``.

    Biases and LayerNorm weights do not decay; embeddings do, as in DNABERT's scripts. ``fused`` updates
    weights in one pass, in a third of the time on a CPU; a module then clips its gradients by itself, as
    Lightning refuses to in mixed precision.
    """
    decayed, kept = [], []
    for name, parameter in module.named_parameters():
        (kept if name.endswith("bias") or "LayerNorm" in name else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": kept, "weight_decay": 0.0}]
    optimizer = AdamW(groups, lr=learning_rate, betas=betas, eps=epsilon, fused=fused)
    return optimizer, get_linear_schedule_with_warmup(optimizer, warmup_steps, max_steps)
