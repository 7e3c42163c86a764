"""Matrix products with weights by oneDNN, on AMD processors with AVX-512.

PyTorch hands float32 products on a CPU to MKL, which leaves half of the registers of an AMD processor empty: by oneDNN,
a step of LOGO in float32, which fine-tuning is, is 1.6 times as fast there (Zen 5). On Intel's Sapphire Rapids it takes
1.26 times as long, so that MKL stays. bfloat16 goes to oneDNN anyway. ``ATEN_CPU_CAPABILITY=avx2`` turns this off.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import Tensor
from torch.nn.functional import linear
from torch.overrides import TorchFunctionMode

CPU_INFO: Final = Path("/proc/cpuinfo")


@cache
def has_wide_products() -> bool:
    """Whether this is an AMD processor with AVX-512, and oneDNN is there."""
    wide = torch.backends.cpu.get_cpu_capability() == "AVX512" and torch.backends.mkldnn.is_available()
    amd = CPU_INFO.is_file() and "AuthenticAMD" in CPU_INFO.read_text(encoding="utf-8")
    return wide and amd and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def wide_products(device: torch.device) -> AbstractContextManager[Any]:
    """Let oneDNN compute the float32 products with weights of the block, and those of its backward pass."""
    return _WideProducts() if device.type == "cpu" and has_wide_products() else nullcontext()


class _WideProducts(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        own = func is linear and not torch.is_autocast_enabled("cpu")  # which has them in bfloat16
        if own and args[0].dtype == torch.float32 and args[0].numel() > 0:  # oneDNN knows no products of nothing
            return _WideLinear.apply(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


class _WideLinear(torch.autograd.Function):
    """``torch.nn.functional.linear`` and its gradients."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        ctx.save_for_backward(states, weight)
        return _product(states, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        states, weight = ctx.saved_tensors
        (gradient,) = (each.contiguous() for each in gradients)
        rows, read = gradient.flatten(0, -2), states.flatten(0, -2)
        by_states, by_weight, by_bias = (*ctx.needs_input_grad, False)[:3]
        return (
            _product(gradient, weight.T) if by_states else None,
            _product(rows.T, read.contiguous().T) if by_weight else None,  # slow where rows lie far apart
            rows.sum(dim=0) if by_bias else None,
        )


def _product(states: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return cast(Tensor, torch.ops.mkldnn._linear_pointwise(states, weight, bias, "none", [], ""))
