"""What the settings of a strategy may be. They come from YAML, where nothing has checked them before."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from genomask.checks import require

K_RANGE: Final = range(2, 11)


def probability(value: Any, setting: str) -> float:
    """Refuse anything but the probability of something that can happen."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    require(number and 0 < value <= 1, setting, "a number above 0 and at most 1", value)
    return float(value)


def whole_number(value: Any, setting: str, allowed: range) -> int:
    """Refuse anything but an integer of the range."""
    number = isinstance(value, int) and not isinstance(value, bool)
    require(number and value in allowed, setting, f"a whole number from {allowed[0]} to {allowed[-1]}", value)
    return value


def flag(value: Any, setting: str) -> bool:
    """Refuse anything but true and false."""
    require(isinstance(value, bool), setting, "true or false", value)
    return value


def choice(value: Any, setting: str, choices: tuple[str, ...]) -> str:
    """Refuse anything but one of the words."""
    require(value in choices, setting, f"one of {', '.join(choices)}", value)
    return value


# By the name of the setting, so that a command line can be checked without the strategies and PyTorch.
CHECKS: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "center_probability": lambda value, setting: None if value is None else probability(value, setting),
    "k": partial(whole_number, allowed=K_RANGE),
    "corrupt": partial(choice, choices=("token", "span")),
    "random_specials": flag,
    "count": partial(choice, choices=("bernoulli", "fixed")),
    "high_half": partial(choice, choices=("ceil", "floor")),
    "span_at": partial(choice, choices=("best", "center")),
    "version": partial(choice, choices=("2023-07", "2023-09", "2025-03")),
}


def checked(name: str, value: Any) -> Any:
    """The value of one of the settings above, if it may have it."""
    return CHECKS[name](value, f"masking.{name}")
