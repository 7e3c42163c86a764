"""What somebody may have meant who misspelt a name."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def meant(name: str, known: Iterable[str]) -> list[str]:
    """The known names that are most like a name, best first.

    Names that it begins come first, then names with the same last part (``max_steps`` for
    ``pretrain.max_steps``), then names that are spelt alike.
    """
    known = list(known)
    begun = [other for other in known if other.startswith(name) and "." not in other.removeprefix(name)]
    ends = {other.rpartition(".")[2]: other for other in known if "." in other}
    alike = get_close_matches(name, known, n=3, cutoff=0.6)
    if "." not in name:
        alike += [ends[end] for end in get_close_matches(name, ends, n=2, cutoff=0.75)]
    same_end = [other for other in known if other.rpartition(".")[2] == name.rpartition(".")[2]]
    return list(dict.fromkeys([*begun, *same_end, *alike]))[:3]


def question(candidates: Sequence[str]) -> str:
    """``Did you mean A or B?``, with a space before it; nothing where nothing is like it."""
    return f" Did you mean {' or '.join(candidates)}?" if candidates else ""
