"""Train the classifiers of several seeds as one: weights stacked, one forward and backward pass for all.

Each seed keeps its own episode, initial weights, dropout and order of examples, so that it ends where it
would have ended alone, within rounding. On a GPU this fills the device, which small batches leave idle; on
a CPU it is slower than one seed after the other.
"""

from collections.abc import Sequence
from copy import deepcopy

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import cross_entropy, pad
from transformers import BertForSequenceClassification

from genomask.alphabet import PAD
from genomask.finetune.dropout import Draw, DropoutNotes, GivenDropout, draw_masks, stack_masks
from genomask.finetune.module import ADVICE, ClassifierModule
from genomask.models.forward import padded_cls_logits
from genomask.seeds import derived_seed
from genomask.tasks.datamodule import EpisodeDataModule, ExampleBatch
from genomask.tokens import tokenise
from genomask.training.divergence import LONGEST, DivergedError, diverged
from genomask.training.optimiser import adamw


def train_stacked(
    modules: Sequence[ClassifierModule],
    episodes: Sequence[EpisodeDataModule],
    *,
    epochs: int,
    device: torch.device,
) -> list[list[float] | DivergedError]:
    """Train all modules in place, on episodes of equal size.

    A seed whose loss is no number any more does not touch the others, which go on without it.

    Returns:
        For every module, its mean training loss in nats of every epoch, or the error that it ended in, with
        its batch kept as if it had been trained alone.
    """
    stack, watch = _Stack(modules, device), _Watch(modules)
    loaders = [episode.train_dataloader() for episode in episodes]
    steps = epochs * len(loaders[0])
    settings = modules[0].settings
    optimizer, schedule = adamw(
        stack,
        learning_rate=modules[0].learning_rate,
        betas=(settings.beta1, settings.beta2),
        epsilon=settings.epsilon,
        weight_decay=settings.weight_decay,
        warmup_steps=int(steps * settings.warmup_share),
        max_steps=steps,
    )
    curves, step = [], 0
    for _ in range(epochs):
        total, examples = torch.zeros(len(modules), device=device), 0
        for batches in zip(*loaders, strict=True):
            optimizer.zero_grad()
            losses = stack.losses(batches, step)
            losses.sum().backward()
            clip_each(list(stack.parameters()), settings.clip_norm)
            optimizer.step()
            schedule.step()
            step, size = step + 1, len(batches[0].labels)
            watch.note(step, losses.detach(), batches)
            total, examples = total + losses.detach() * size, examples + size
        curves.append((total / examples).tolist())
        if watch.look():
            break
    stack.unstack(modules)
    return [watch.ended.get(row, list(curve)) for row, curve in enumerate(zip(*curves, strict=True))]


def clip_each(stacked: Sequence[nn.Parameter], norm: float) -> None:
    """Clip every seed's gradient to the norm, as ``clip_grad_norm_`` does for one; 0 leaves it alone."""
    if norm <= 0:
        return
    gradients = [parameter.grad for parameter in stacked if parameter.grad is not None]
    squares = torch.stack([gradient.flatten(1).square().sum(dim=1) for gradient in gradients])
    scale = (norm / (squares.sum(dim=0).sqrt() + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale.view(-1, *[1] * (gradient.dim() - 1)))


class _Watch:
    """The losses and batches of the last steps, as ``StopWhereDiverged`` keeps them for one training."""

    def __init__(self, modules: Sequence[ClassifierModule]) -> None:
        self.modules = modules
        self.recent: list[tuple[int, Tensor, Sequence[ExampleBatch]]] = []
        self.ended: dict[int, DivergedError] = {}  # by row of the stack

    def note(self, step: int, losses: Float[Tensor, " seeds"], batches: Sequence[ExampleBatch]) -> None:
        """Keep a step where it is; a GPU is waited for now and then only."""
        self.recent.append((step, losses, batches))
        if len(self.recent) == LONGEST:
            self.look()

    def look(self) -> bool:
        """Note which seeds have ended, and keep their batches; returns whether that is all of them."""
        while self.recent:
            step, losses, batches = self.recent.pop(0)
            for row in (~losses.isfinite()).nonzero().flatten().tolist():
                if row not in self.ended:
                    module, batch = self.modules[row], batches[row]
                    self.ended[row] = diverged(
                        step,
                        losses[row],
                        batch,
                        file=module.diverged,
                        advice=ADVICE,
                        of=f" of seed {module.seed}",
                    )
        return len(self.ended) == len(self.modules)


class _Stack(nn.Module):
    """The weights of all seeds, each with a leading axis of seeds, and one module that computes with them."""

    def __init__(self, modules: Sequence[ClassifierModule], device: torch.device) -> None:
        super().__init__()
        self.seeds, self.k, self.device = [module.seed for module in modules], modules[0].k, device
        stacked, _ = stack_module_state([module.model for module in modules])  # buffers are equal
        self.names = {name: name.replace(".", "-") for name in stacked}  # a parameter's name has no dots
        for name, weights in stacked.items():
            self.register_parameter(self.names[name], nn.Parameter(weights.detach().to(device)))
        model = deepcopy(modules[0].model).train()
        self.blank = [_ClsLogits(deepcopy(model)).to("meta")]  # in lists, to stay out of parameters()
        self.template = [_ClsLogits(model).to(device)]
        self.draws: dict[tuple[int, ...], list[Draw]] = {}

    def losses(self, batches: Sequence[ExampleBatch], step: int) -> Float[Tensor, " seeds"]:
        """Cross-entropy of every seed on its own batch."""
        own = [self._tokens(batch) for batch in batches]
        each = [
            draw_masks(self._drawn(token_ids), seed=derived_seed(seed, "dropout", step), device=self.device)
            for token_ids, seed in zip(own, self.seeds, strict=True)
        ]
        masks = [stack_masks(masks) for masks in zip(*each, strict=True)]
        widest = max(token_ids.shape[1] for token_ids in own)
        token_ids = torch.stack([pad(ids, (0, widest - ids.shape[1]), value=PAD) for ids in own])
        labels = torch.stack([batch.labels for batch in batches]).to(self.device)
        weights = {name: getattr(self, own_name) for name, own_name in self.names.items()}
        return vmap(self._loss)(weights, token_ids, token_ids != PAD, labels, masks)

    def unstack(self, modules: Sequence[ClassifierModule]) -> None:
        """Give every module its own weights back."""
        with torch.no_grad():
            for row, module in enumerate(modules):
                for name, weight in module.model.named_parameters():
                    weight.copy_(getattr(self, self.names[name])[row])

    def _tokens(self, batch: ExampleBatch) -> Int64[Tensor, "batch tokens"]:
        return tokenise(batch.bases.to(self.device), batch.lengths.to(self.device), k=self.k)

    def _loss(
        self,
        weights: dict[str, Tensor],
        token_ids: Int64[Tensor, "batch tokens"],
        attention: Bool[Tensor, "batch tokens"],
        labels: Int64[Tensor, " batch"],
        masks: list[Tensor],
    ) -> Float[Tensor, ""]:
        """The loss of one seed; ``vmap`` makes it that of all."""
        named = {f"model.{name}": weight for name, weight in weights.items()}
        with GivenDropout(masks):
            logits = functional_call(self.template[0], named, (token_ids, attention))
        return cross_entropy(logits, labels)

    def _drawn(self, token_ids: Int64[Tensor, "batch tokens"]) -> list[Draw]:
        """What dropout draws for a batch of this shape."""
        shape = tuple(token_ids.shape)
        if shape not in self.draws:
            blank = torch.zeros(shape, dtype=torch.long, device="meta")
            with DropoutNotes() as notes:
                self.blank[0](blank, blank == PAD)
            self.draws[shape] = notes.draws
        return self.draws[shape]


class _ClsLogits(nn.Module):
    def __init__(self, model: BertForSequenceClassification) -> None:
        super().__init__()
        self.model = model

    def forward(self, token_ids: Tensor, attention: Tensor) -> Tensor:
        return padded_cls_logits(self.model, token_ids, attention)
