"""One way to refuse a value: say what was needed and what was found."""


def require(condition: object, setting: str, needed: str, found: object) -> None:
    """Raise unless the condition holds.

    Raises:
        ValueError: ``<setting> needs <needed>; found <found>.``
    """
    if not condition:
        raise ValueError(f"{setting} needs {needed}; found {found!r}.")


def require_choice(value: str, setting: str, choices: tuple[str, ...]) -> None:
    """Raise unless the value is one of the choices."""
    require(value in choices, setting, f"one of {', '.join(choices)}", value)
