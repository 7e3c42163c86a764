"""What the site holds beyond ``docs/``: the API reference, the experiments, and how to contribute.

The API reference is made when the site is built, as nobody reads generated docstrings in Markdown: in a
checkout, the source is nearer. The configuration reference is kept in ``docs/``, for it is read there too.
"""

import ast
import re
from pathlib import Path
from typing import Any, Final

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "src" / "genomask"
OUTSIDE: Final = ("CONTRIBUTING.md", "CHANGELOG.md")  # pages of the site that lie beside docs/


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put pages that the navigation does not name under "How to", and list the rooms of the API."""
    fence = {"name": "math", "class": "math", "format": formula}
    config.mdx_configs["pymdownx.superfences"] = {"custom_fences": [fence]}
    nav = {title: pages for section in config.nav or [] for title, pages in section.items()}
    named = set(re.findall(r"[\w./-]+\.md", str(nav)))
    pages = sorted(path.name for path in Path(config.docs_dir).glob("*.md"))
    nav["How to"] += [page for page in pages if page not in named]
    at = next(i for i, page in enumerate(nav["Reference"]) if "API" in page)
    rooms = [{f"genomask.{room}": f"reference/api/{room}.md"} for room in _rooms()]
    nav["Reference"][at] = {"API": [{"Overview": "reference/api/index.md"}, *rooms]}
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from docstrings, and those that lie beside ``docs/``."""
    for room, modules in _rooms().items():
        page = "\n\n".join([f"# genomask.{room}", *(f"::: {module}" for module in modules)])
        files.append(File.generated(config, f"reference/api/{room}.md", content=page + "\n"))
    files.append(File.generated(config, "reference/api/index.md", content=_overview()))
    outside = [*(ROOT / name for name in OUTSIDE), *sorted((ROOT / "experiments").rglob("*.md"))]
    for path in outside:
        files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """On the site, what lies beside ``docs/`` lies in it."""
    markdown = re.sub(r"\]\(((?:\.\./)*)docs/", r"](\1", markdown)
    return re.sub(r"\]\(\.\./((?:\.\./)*(?:experiments/|CONTRIBUTING|CHANGELOG))", r"](\1", markdown)


def formula(source: str, *_arguments: Any, **_options: Any) -> str:
    """Turn the LaTeX of a fence called ``math`` into MathML, which needs no script to be shown."""
    return f'<div class="formula">{convert(" ".join(source.split()), display="block")}</div>'


def _rooms() -> dict[str, list[str]]:
    """Modules of the package, by the room that they lie in."""
    rooms: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if module != "genomask":
            rooms.setdefault(module.split(".")[1], []).append(module)
    return rooms


def _overview() -> str:
    """A line a room: what its package or module says of itself."""
    rows = []
    for room in _rooms():
        folder = PACKAGE / room / "__init__.py"
        path = folder if folder.exists() else PACKAGE / f"{room}.py"
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        rows.append(f"| [genomask.{room}]({room}.md) | {said.splitlines()[0] if said else ''} |")
    head = [
        "# API",
        "",
        "Made from the docstrings when this site is built.",
        "",
        "| room | what it does |",
        "|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"
