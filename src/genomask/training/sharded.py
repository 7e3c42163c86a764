"""Fully sharded training (FSDP2): a process keeps its part of the weights, gradients and optimiser states alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch.distributed
from lightning.pytorch.strategies import ModelParallelStrategy
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim import Optimizer
from torch.utils._pytree import tree_map


class ShardedStrategy(ModelParallelStrategy):
    """FSDP2 with the checkpoints of any other strategy: whole, in one file, verified, for any number of processes."""

    def __init__(self, processes: int) -> None:
        super().__init__(data_parallel_size=processes, tensor_parallel_size=1, save_distributed_checkpoint=False)

    @property
    def lightning_restore_optimizer(self) -> bool:
        return True

    def lightning_module_state_dict(self) -> dict[str, Any]:
        assert self.lightning_module is not None
        return whole(self.lightning_module.state_dict())

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        return whole(optimizer.state_dict())

    def load_checkpoint(self, checkpoint_path: str | Path, weights_only: bool | None = None) -> dict[str, Any]:
        return self.checkpoint_io.load_checkpoint(checkpoint_path, weights_only=weights_only)

    def load_model_state_dict(self, checkpoint: Mapping[str, Any], strict: bool = True) -> None:
        assert self.lightning_module is not None
        own = self.lightning_module.state_dict()
        parts = {name: _part(value, own.get(name)) for name, value in checkpoint["state_dict"].items()}
        self.lightning_module.load_state_dict(parts, strict=strict)

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        for optimizer, saved in zip(self.optimizers, checkpoint["optimizer_states"], strict=True):
            parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            numbers = [number for group in saved["param_groups"] for number in group["params"]]
            state = {
                number: {name: _part(value, parameter) for name, value in saved["state"][number].items()}
                for number, parameter in zip(numbers, parameters, strict=True)
            }
            optimizer.load_state_dict({**saved, "state": state})


def shard(model: nn.Module, mesh: DeviceMesh) -> None:
    """Spread a model over processes, layer by layer; only a layer's own ``forward`` has its weights at hand then."""
    if isinstance(model, FSDPModule):
        return  # Lightning asks again when it validates
    for layer in _layers(model):
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)


def set_gathered(model: nn.Module, gathered: bool) -> None:
    """Keep all weights on every process from here on, or no longer, so that some may run more batches than others."""
    if not isinstance(model, FSDPModule):
        return
    for part in (model, *_layers(model)):
        assert isinstance(part, FSDPModule)
        if part is not model:  # which keeps its own until a backward pass
            part.set_reshard_after_forward(not gathered)
        if gathered:
            part.unshard()
        else:
            part.reshard()


def whole(tree: Any) -> Any:
    """A nest of tensors with the whole of those that are sharded, on the first process; every process must call it."""
    return tree_map(_whole, tree)


def _whole(value: Any) -> Any:
    if not isinstance(value, DTensor):
        return value
    tensor = value.full_tensor()
    return tensor.cpu() if torch.distributed.get_rank() == 0 else tensor.new_empty(0)


def _part(value: Any, like: Tensor | None) -> Any:
    """This process's part of a tensor, if that is to replace a sharded one."""
    if not (isinstance(like, DTensor) and isinstance(value, Tensor) and value.shape == like.shape):
        return value
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def _layers(model: nn.Module) -> nn.ModuleList:
    """The layers of an encoder: its longest list of modules."""
    return max((part for part in model.modules() if isinstance(part, nn.ModuleList)), key=len)
