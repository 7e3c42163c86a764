"""Log what a pretraining gets done in a second, and what share of the device's peak that is."""

from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from genomask.console import say
from genomask.pretrain.meter import Meter, matmul_peak
from genomask.pretrain.settings import PretrainSettings
from genomask.training.host import has_bfloat16


class ThroughputCallback(Callback):
    """Log rates since training began (or was resumed): those of the first device, times their number.

    ``model_flop_utilisation`` is the rate of operations over that of a large matrix product of the same
    type, measured on the same device before the first step. It can pass 1 on a CPU that is shared.
    """

    def __init__(self, meter: Meter, settings: PretrainSettings) -> None:
        self.meter, self.settings = meter, settings
        self.peak, self.devices = 0.0, 1
        self.found: dict[str, float] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure the device, then let the time run."""
        dtype = torch.bfloat16 if trainer.precision == "bf16-mixed" else torch.float32
        if dtype is torch.bfloat16 and pl_module.device.type == "cpu" and not has_bfloat16():
            say("       this processor emulates bfloat16: pretrain.precision=32-true is many times as fast")
        self.peak = matmul_peak(pl_module.device, dtype)
        self.meter.start()
        self.devices = trainer.world_size

    def on_validation_start(self, *_: Any, **__: Any) -> None:
        """Validation is no training."""
        self.meter.stop()

    def on_validation_end(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        """Go on, if this was a validation within a training."""
        if trainer.state.fn == TrainerFn.FITTING:
            self.meter.start()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any, **__: Any) -> None:
        """Log now and then, when the training step has waited for the device anyway."""
        if trainer.global_step % self.settings.log_every:
            return
        values = {f"pretrain/{name}": value for name, value in self._read().items()}
        pl_module.log_dict(values)

    def on_train_end(self, *_: Any, **__: Any) -> None:
        """Keep the rates of the whole training."""
        self.meter.stop()
        self.found = self._read()

    def _read(self) -> dict[str, float]:
        rates = self.meter.read()
        if rates is None:
            return {}
        shares = {
            "batch_fill": rates.batch_fill,
            "model_flop_utilisation": rates.flops_per_second / self.peak,
        }
        sums = {
            "bases_per_second": rates.bases_per_second,
            "tokens_per_second": rates.tokens_per_second,
            "flops_per_second": rates.flops_per_second,
        }
        return shares | {name: value * self.devices for name, value in sums.items()}
