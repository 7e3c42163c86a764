"""The optimiser and the learning rate that pretraining and fine-tuning share."""

from typing import Final

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_constant_schedule_with_warmup, get_linear_schedule_with_warmup, get_wsd_schedule

DECAY_SHARE: Final = 0.1  # of the steps, at the end of warmup, stable, decay


def adamw(
    module: nn.Module,
    *,
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
    weight_decay: float,
    warmup_steps: int,
    max_steps: int,
    schedule: str = "linear",
    fused: bool = True,
) -> tuple[AdamW, LambdaLR]:
    """AdamW with linear warmup, then a schedule.

    Biases and the weights of norms do not decay; embeddings do, as in DNABERT's scripts. ``fused`` updates weights in
    one pass, in a third of the time on a CPU; a module then clips its gradients by itself, as Lightning refuses to in
    mixed precision. Schedules: ``linear`` decays to zero at ``max_steps``; ``constant`` stays; ``wsd`` (warmup, stable,
    decay) stays until the last tenth of the steps and then decays linearly to zero.
    """
    decay, no_decay = [], []
    for parameter in module.parameters():
        if parameter.requires_grad:
            (decay if parameter.ndim > 1 else no_decay).append(parameter)
    groups = [{"params": decay, "weight_decay": weight_decay}, {"params": no_decay, "weight_decay": 0.0}]
    optimizer = AdamW(groups, lr=learning_rate, betas=betas, eps=epsilon, fused=fused)
    if schedule == "constant":
        return optimizer, get_constant_schedule_with_warmup(optimizer, warmup_steps)
    if schedule == "wsd":
        steps = max(round(DECAY_SHARE * max_steps), 1)
        stable = max(max_steps - warmup_steps - steps, 0)
        return optimizer, get_wsd_schedule(
            optimizer, warmup_steps, steps, num_stable_steps=stable, decay_type="linear", min_lr_ratio=0.0
        )
    return optimizer, get_linear_schedule_with_warmup(optimizer, warmup_steps, max_steps)
