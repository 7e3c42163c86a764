"""``genomask dashboard``: build the W&B workspace, or write what would be built where there is no key."""

import argparse
from pathlib import Path
from typing import Any

from genomask.checks import require_packages
from genomask.console import say
from genomask.files import require_free


def main(arguments: list[str]) -> None:
    """Save the workspace to W&B; without a key, write its specification.

    Raises:
        ValueError: If the ``dashboard`` extra is missing, W&B needs an entity, or it refuses, or the file for the
            specification is there already.
    """
    chosen = _parser().parse_args(arguments)
    require_packages("genomask dashboard", "wandb_workspaces", extra="dashboard")
    from genomask.experiment.dashboards.workspace import specification, workspace

    built = workspace(chosen.project, chosen.entity)
    if not chosen.offline and _has_key():
        say(f"saved  {_save(built)}")
        return
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    require_free(chosen.out, overwrite=chosen.overwrite)
    chosen.out.write_text(specification(built) + "\n", encoding="utf-8")
    say(f"wrote  {chosen.out}")
    say("Nothing was sent to W&B" + ("." if chosen.offline else ": no API key. Run `wandb login` to save it there."))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="genomask dashboard",
        description="Build the W&B workspace with panels for Table 1, Table 2 and Figure 1. Without an API "
        "key, write its specification as JSON.",
    )
    parser.add_argument("--project", default="genomask", help="as in logger.project; genomask")
    parser.add_argument("--entity", default="", help="user or team at W&B; your default one if not given")
    workspace = Path("runs/workspace.json")
    parser.add_argument("--out", type=Path, default=workspace, metavar="FILE", help="for the JSON")
    parser.add_argument("--overwrite", action="store_true", help="write over FILE if it is there already")
    parser.add_argument("--offline", action="store_true", help="write the JSON even with a key")
    return parser


def _has_key() -> bool:
    import wandb

    return bool(wandb.login(prompt=False, verify=False))


def _save(built: Any) -> str:
    import wandb

    try:
        built.entity = built.entity or wandb.Api(timeout=30).default_entity or ""
        built.save()
    except (wandb.Error, ValueError, OSError) as error:
        raise ValueError(f"W&B did not take the workspace: {error}. Or take --offline.") from error
    return built.url
