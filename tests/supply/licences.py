"""``make licences``: the licence of every installed package; an error for one that binds those who use it."""

import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions

COPYLEFT = re.compile(r"\bA?GPL|Affero|GNU General Public", re.IGNORECASE)
WEAK = re.compile(r"\bLGPL|Lesser|MPL|Mozilla", re.IGNORECASE)  # binding for the package itself alone
ELSE_TOO = re.compile(r"\bOR\b")  # several licences to choose from
LONGEST = 60


def licence(package: Distribution) -> str:
    """What a package says of its licence: its expression, its classifiers, or the field of old."""
    said = package.metadata
    classifiers = [text for text in said.get_all("Classifier", []) if "License ::" in text]
    classified = "; ".join(text.rpartition("::")[2].strip() for text in classifiers)
    text = said.get("License-Expression") or classified or said.get("License") or ""
    return " ".join(text.split())[:LONGEST] or "not said"


def binding(text: str) -> bool:
    """Whether a licence asks those who distribute a program with the package to license it likewise."""
    return bool(COPYLEFT.search(text)) and not WEAK.search(text) and not ELSE_TOO.search(text)


def table(packages: Iterable[tuple[str, str, str]]) -> str:
    """Name, version and licence, a line each."""
    return "".join(f"{name:<32}{version:<18}{text}\n" for name, version, text in packages)


def main() -> None:
    """List all packages of this environment."""
    found = sorted(
        {(each.metadata["Name"], each.version, licence(each)) for each in distributions()},
        key=lambda row: row[0].lower(),
    )
    sys.stdout.write(table(found))
    bound = [row for row in found if binding(row[2])]
    if bound:
        sys.exit(f"licences: {len(bound)} of {len(found)} packages bind those who use them:\n{table(bound)}")
    unsaid = sum(text == "not said" for *_, text in found)
    sys.stderr.write(f"licences: {len(found)} packages, none under GPL or AGPL; {unsaid} do not say theirs\n")


if __name__ == "__main__":
    main()
