"""The report as Markdown."""

from genomask.reports.document import Document, Section, Table


def markdown(document: Document) -> str:
    """The whole document; plots are left to the page."""
    lines = [f"# {document.title}", ""]
    lines += [line for warning in document.warnings for line in (f"> **{warning}**", "")]
    lines += [f"- {name}: {value}" for name, value in document.facts]
    for section in document.sections:
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(section: Section) -> list[str]:
    lines = [f"## {section.title}", ""]
    for note in section.notes:
        lines += [note, ""]
    for table in section.tables:
        lines += [*([f"### {table.title}", ""] if table.title else []), *_table(table), ""]
    return lines[:-1]


def _table(table: Table) -> list[str]:
    sides = ["---" if column.startswith("<") else "---:" for column in table.columns]
    return [_row(table.heads), _row(sides), *(_row(row) for row in table.rows)]


def _row(values: list[str]) -> str:
    escaped = (value.replace("|", "\\|").replace("\n", " ") for value in values)
    return f"| {' | '.join(escaped)} |"
