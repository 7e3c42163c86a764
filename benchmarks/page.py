"""Results as text: a few lines for the terminal, a Markdown page for the repository."""

from collections.abc import Iterator
from typing import Any, Final

INTRODUCTION: Final = """# Performance

Written by `genomask bench --page`; every figure can be measured again with `make bench`.

Contenders of a row do the same work, take turns round by round within one run, and are first checked to
compute the same. A ratio is the other's time over ours, taken within each round: median (minimum to
maximum). A goal is judged by the median on the clock that the row names: *wall* is what a user waits for,
*cpu* is processor time, which suffers less when other processes want the same cores. Times are the best
of all rounds."""


def summary(row: dict[str, Any]) -> str:
    """A row for the terminal."""
    if row["status"] != "measured":
        return f"{row['name']}: {row['status']}: {row['why']}"
    lines = [f"{row['name']}: {row['title']} (checked: {row['check']})"]
    for name, taken in row["contenders"].items():
        lines.append(f"  {name:<42} {_seconds(taken['best']):>10}   cpu {_seconds(taken['best_cpu']):>10}")
    lines += [f"  {name:<42} not measured: {why}" for name, why in row["missing"].items()]
    for found in row["comparisons"]:
        wall, cpu = (_spread(found[clock], found["beside"]) for clock in ("wall", "cpu"))
        lines.append(f"  {_pair(found)}: wall {wall}, cpu {cpu}{_verdict(found, row['clock'])}")
    return "\n".join([*lines, *(f"  {name}: {value}" for name, value in row["facts"].items())])


def page(files: list[dict[str, Any]], names: list[str]) -> str:
    """Markdown of several result files, and which of the rows none of them has measured."""
    parts = [INTRODUCTION]
    for file in files:
        parts += list(_file(file))
    measured = {row["name"] for file in files for row in file["rows"] if row["status"] == "measured"}
    reasons = {row["name"]: row["why"] for file in files for row in file["rows"] if "why" in row}
    left = [name for name in names if name not in measured]
    if left:
        parts.append("## Not measured")
        parts.append("\n".join(f"- `{name}`: {reasons.get(name, 'not run')}" for name in left))
    return "\n\n".join(parts) + "\n"


def _file(file: dict[str, Any]) -> Iterator[str]:
    about, rows = file["machine"], [row for row in file["rows"] if row["status"] == "measured"]
    yield f"## {about.get('gpu') or about['processor']}"
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    instructions = ", ".join(about.get("instructions", ()))
    yield (
        f"{about['processor']}{' with ' * bool(instructions)}{instructions}, {about['cores']} cores, "
        f"{about['memory_gb']} GB memory; "
        f"{about['system']}; {versions}."
    )
    if any(row["load"] > about["cores"] for row in rows):
        yield (
            "Other processes shared this machine while it was measured: more wanted to run than it has cores "
            "(*load* below). That spreads the ratios and lengthens the times; the cpu clock suffers less."
        )
    yield "\n".join([*_HEAD, *(line for row in rows for line in _goals(row))])
    for row in rows:
        yield from _details(row)


_HEAD: Final = ("| row | ours, beside | goal | wall | cpu | |", "| --- | --- | --- | --- | --- | --- |")


def _goals(row: dict[str, Any]) -> Iterator[str]:
    for found in row["comparisons"]:
        wall, cpu = (_spread(found[clock], found["beside"]) for clock in ("wall", "cpu"))
        judged = "" if found["goal"] is None else "met" if found["met"] else "**missed**"
        yield f"| `{row['name']}` | {_pair(found)} | {_goal(found)} | {wall} | {cpu} | {judged} |"


def _details(row: dict[str, Any]) -> Iterator[str]:
    amount, unit = row["work"]
    yield f"### `{row['name']}`: {row['title']}"
    lines = ["| | best, wall | best, cpu | rate |", "| --- | --- | --- | --- |"]
    for name, taken in row["contenders"].items():
        rate = f"{amount / taken['best']:,.4g} {unit}/s"
        lines.append(f"| {name} | {_seconds(taken['best'])} | {_seconds(taken['best_cpu'])} | {rate} |")
    lines += [f"| {name} | not measured: {why} | | |" for name, why in row["missing"].items()]
    yield "\n".join(lines)
    quick = " A quick run, which means nothing." if row.get("quick") else ""
    measured = (
        f"{row['date']} UTC, commit {str(row['commit'])[:12]}, load {row['load']}, input {row['input']}, "
        f"{len(next(iter(row['contenders'].values()))['wall'])} rounds, judged by {row['clock']}.{quick}"
    )
    facts = "".join(f" {name}: {value}." for name, value in row["facts"].items())
    yield f"Checked: {row['check']}.{facts}{' ' * bool(row['note'])}{row['note']} Measured {measured}"


def _pair(found: dict[str, Any]) -> str:
    return f"{found['ours']}, beside {found['beside']}" if found["beside"] else found["ours"]


def _goal(found: dict[str, Any]) -> str:
    if found["goal"] is None:
        return ""
    if not found["beside"]:
        return f"at most {_seconds(found['goal'])}"
    return f"{found['goal']:g}x" if found["goal"] >= 1 else f"within {1 / found['goal']:.3g}x of its time"


def _verdict(found: dict[str, Any], clock: str) -> str:
    if found["goal"] is None:
        return ""
    return f" | goal {_goal(found)} by {clock}: {'met' if found['met'] else 'MISSED'}"


def _spread(values: dict[str, float], beside: str | None) -> str:
    show = _times if beside else _seconds
    return f"{show(values['median'])} ({show(values['min'])} to {show(values['max'])})"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}x" if ratio >= 100 else f"{ratio:.3g}x"


def _seconds(seconds: float) -> str:
    for size, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:,.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"
