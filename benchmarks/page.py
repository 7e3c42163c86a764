"""Results as text: a few lines for the terminal, a Markdown page for the documentation."""

from collections.abc import Iterator
from typing import Any, Final

INTRODUCTION: Final = """# Performance

How long whole runs take, beside plain references that do the same work. `make bench` measures all of it again;
`python benchmarks/gpu.py` measures a GPU.

Contenders of a row first do the work once, and their results are compared. Then they take turns, round by round.
Times are medians. A ratio is the reference's time over ours, taken within each round: median (minimum to maximum);
above 1, genomask is faster. *wall* is how long a user waits; *cpu* is processor time, which depends less on other
processes. An optimisation stays in the code only if it makes a whole run more than a tenth faster."""
LARGER: Final = """## Larger genomes and models

Counting reads the encoded genome once and is linear in it, on every core; ranking works on 1.4 million counts and does
not grow. A pretraining has a budget in steps: 10,000 steps of LOGO see 0.7 epochs of a human genome. Every process
holds start, length and two orders of all segments, 32 bytes each: 0.26 GB for a human genome, 26 GB for a hundred of
them. A weight takes 16 bytes in training: 1.4 GB for DNABERT."""
HEAD: Final = ("| run | | wall | cpu | ratio, wall | ratio, cpu |", "| --- | --- | --- | --- | --- | --- |")


def summary(row: dict[str, Any]) -> str:
    """A row for the terminal."""
    if row["status"] != "measured":
        return f"{row['name']}: {row['status']}: {row['why']}"
    lines = [f"{row['name']}: {row['title']} (checked: {row['check']})"]
    for name, taken in row["contenders"].items():
        wall, cpu, *ratios = _cells(taken)
        lines.append(f"  {name:<42} {wall:>10}, cpu {cpu:>10}; ratio {ratios[0]}, cpu {ratios[1]}")
    return "\n".join([*lines, *(f"  {name:<42} not measured: {why}" for name, why in row["missing"].items())])


def page(records: list[dict[str, Any]], gpu: dict[str, Any] | None = None) -> str:
    """Markdown of several result files: a table for each machine, and what ``gpu.py`` wrote, if it was run."""
    parts = [INTRODUCTION, *(part for record in records for part in _record(record)), *_gpu(gpu), LARGER]
    return "\n\n".join(parts) + "\n"


def _gpu(record: dict[str, Any] | None) -> Iterator[str]:
    if record is None:
        yield "## GPUs"
        yield "Not measured: no GPU was at hand. `python benchmarks/gpu.py --minutes 8 --json gpu.json` measures one."
        return
    about = record["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    yield f"## {about.get('gpu') or 'GPU command on a CPU, at a toy size'}"
    yield (
        f"Checked: {record['equality']}. A square bf16 matrix product runs at {record['peak_tflops']:,.3g} TFLOP/s, of "
        f"which the utilisation is a share. {versions}; {about['date']} UTC, commit {str(about['commit'])[:12]}."
    )
    names = list(dict.fromkeys(name for case in record["cases"].values() for name in case))
    lines = [
        "| case | " + " | ".join(name.replace("_", " ") for name in names) + " |",
        "| --- " * (len(names) + 1) + "|",
    ]
    for case, values in record["cases"].items():
        lines.append(f"| {case} | " + " | ".join(_value(values.get(name)) for name in names) + " |")
    yield "\n".join(lines)


def _value(value: object) -> str:
    return "" if value is None else f"{value:,.3g}" if isinstance(value, float) else str(value)


def _record(record: dict[str, Any]) -> Iterator[str]:
    about = record["machine"]
    rows = [row for row in record["rows"] if row["status"] == "measured"]
    yield f"## {about.get('gpu') or about['processor']}"
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    instructions = ", ".join(about.get("instructions", ())) or "no vector instructions known"
    yield f"{about['cores']} cores ({instructions}), {about['memory_gb']} GB memory; {about['system']}; {versions}."
    if any(row["load"] > about["cores"] for row in rows):
        yield "Other processes used this machine meanwhile, which lengthens wall times and spreads ratios."
    yield "\n".join([*HEAD, *(line for row in rows for line in _lines(row))])
    yield "\n".join(_notes(row) for row in rows)
    left = [row for row in record["rows"] if row["status"] != "measured"]
    if left:
        yield "\n".join(f"- `{row['name']}`: {row['status']}: {row['why']}" for row in left)


def _lines(row: dict[str, Any]) -> Iterator[str]:
    first = f"**{row['name']}**: {row['title']}"
    for place, (name, taken) in enumerate(row["contenders"].items()):
        wall, cpu, *ratios = _cells(taken)
        beside = ratios if place else ("", "")
        yield f"| {'' if place else first} | {name} | {wall} | {cpu} | {beside[0]} | {beside[1]} |"


def _notes(row: dict[str, Any]) -> str:
    ours = next(iter(row["contenders"].values()))
    amount, unit = row["work"]
    rate = f"{amount / _median(ours['wall']):,.3g} {unit} per second"
    quick = " A quick run: its figures mean nothing." if row.get("quick") else ""
    missing = "".join(f" {name} was not measured ({why})." for name, why in row["missing"].items())
    note = f" {row['note']}" if row["note"] else ""
    origin = f"{row['date']} UTC, commit {str(row['commit'])[:12]}, load {row['load']}, {len(ours['wall'])} rounds"
    return f"- `{row['name']}`: {rate}. Checked: {row['check']}.{note}{missing}{quick} ({origin}, {row['input']})"


def _cells(taken: dict[str, Any]) -> tuple[str, ...]:
    times = (_seconds(_median(taken[clock])) for clock in ("wall", "cpu"))
    return (*times, *(_spread(taken["ratio"][clock]) for clock in ("wall", "cpu")))


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _spread(values: dict[str, float]) -> str:
    return f"{_times(values['median'])} ({_times(values['min'])} to {_times(values['max'])})"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}x" if ratio >= 100 else f"{ratio:.3g}x"


def _seconds(seconds: float) -> str:
    for size, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:,.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"
