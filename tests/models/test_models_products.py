"""oneDNN's products are PyTorch's, up to rounding, and so are their gradients."""

import pytest
import torch
from torch.nn.functional import linear

from genomask.models import products
from genomask.models.products import wide_products

CPU = torch.device("cpu")


@pytest.fixture
def calls(monkeypatch):
    """Use oneDNN on any processor, and count its products."""
    real, counted = products._product, []

    def counting(*matrices):
        counted.append(matrices[0].shape)
        return real(*matrices)

    monkeypatch.setattr(products, "has_wide_products", lambda: True)
    monkeypatch.setattr(products, "_product", counting)
    return counted


def drawn(*shape):
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator).requires_grad_()


@pytest.mark.parametrize("shape", [(7, 24), (2, 5, 24), (1, 1, 24), (3, 1, 67, 24)])
@pytest.mark.parametrize("with_bias", [True, False])
def test_values_and_gradients_are_those_of_pytorch(calls, shape, with_bias):
    states, weight, bias = drawn(*shape), drawn(40, 24), drawn(40) if with_bias else None
    inputs = [tensor for tensor in (states, weight, bias) if tensor is not None]
    towards = drawn(*shape[:-1], 40).detach()

    plain = linear(states, weight, bias)
    wanted = torch.autograd.grad(plain, inputs, towards)
    assert not calls
    with wide_products(CPU):
        found = linear(states, weight, bias)
    gradients = torch.autograd.grad(found, inputs, towards)

    assert len(calls) == 3  # the values, and the gradients of the states and the weights
    torch.testing.assert_close(found, plain, rtol=1e-5, atol=1e-5)
    for gradient, expected in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(gradient, expected, rtol=1e-5, atol=1e-5)


def test_rows_that_lie_far_apart_are_multiplied_as_well(calls):
    rows, weight = drawn(3, 9, 24), drawn(40, 24)
    with wide_products(CPU):
        found = torch.autograd.grad(linear(rows[:, 0], weight).sum(), (rows, weight))
    wanted = torch.autograd.grad(linear(rows[:, 0], weight).sum(), (rows, weight))
    assert len(calls) == 3
    for gradient, expected in zip(found, wanted, strict=True):
        torch.testing.assert_close(gradient, expected, rtol=1e-5, atol=1e-5)


def test_a_gradient_that_nobody_asks_for_is_not_computed(calls):
    states, weight = drawn(7, 24).detach(), drawn(40, 24)
    with wide_products(CPU):
        linear(states, weight).sum().backward()
    assert weight.grad is not None
    assert len(calls) == 2


@pytest.mark.parametrize("states", [drawn(7, 24).double(), drawn(0, 24)], ids=["double precision", "no rows"])
def test_what_onednn_does_not_do_is_left_to_pytorch(calls, states):
    weight = drawn(40, 24).to(states.dtype)
    with wide_products(CPU):
        assert torch.equal(linear(states, weight), linear(states.detach(), weight.detach()))
    assert not calls


def test_under_autocast_a_product_stays_bfloat16(calls):
    with torch.autocast("cpu", torch.bfloat16), wide_products(CPU):
        assert linear(drawn(7, 24), drawn(40, 24)).dtype is torch.bfloat16
    assert not calls


def test_a_gpu_multiplies_as_ever(calls):
    with wide_products(torch.device("cuda")):
        linear(drawn(7, 24), drawn(40, 24))
    assert not calls


@pytest.mark.parametrize(
    ("capability", "vendor", "wide"),
    [("AVX512", "AuthenticAMD", True), ("AVX2", "AuthenticAMD", False), ("AVX512", "GenuineIntel", False)],
)
def test_only_amd_processors_with_wide_registers_use_onednn(monkeypatch, tmp_path, capability, vendor, wide):
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nvendor_id : {vendor}\n")
    monkeypatch.setattr(products, "CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert products.has_wide_products.__wrapped__() is wide
