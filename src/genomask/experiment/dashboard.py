"""``genomask dashboard``: build the W&B workspace, or write what would be built where there is no key."""

import argparse
from pathlib import Path

from genomask.checks import require_packages
from genomask.console import say
from genomask.files import require_free


def main(arguments: list[str]) -> None:
    """Save the workspace with panels for Table 1, Table 2 and Figure 1 to W&B; without a key, write it as JSON."""
    parser = argparse.ArgumentParser("genomask dashboard", description=(main.__doc__ or "").partition("\n")[0])
    parser.add_argument("--project", default="genomask", help="as in logger.project; genomask")
    parser.add_argument("--entity", default="", help="user or team at W&B; your default one if not given")
    default = Path("runs/workspace.json")
    parser.add_argument("--out", type=Path, default=default, metavar="FILE", help=f"for the JSON; {default}")
    parser.add_argument("--overwrite", action="store_true", help="write over FILE if it is there already")
    parser.add_argument("--offline", action="store_true", help="write the JSON even with a key")
    chosen = parser.parse_args(arguments)
    require_packages("genomask dashboard", "wandb_workspaces", extra="dashboard")
    import wandb

    from genomask.experiment.workspace import workspace

    built = workspace(chosen.project, chosen.entity)
    if not chosen.offline and wandb.login(prompt=False, verify=False):
        try:
            built.entity = built.entity or wandb.Api(timeout=30).default_entity or ""
            built.save()
        except (wandb.Error, ValueError, OSError) as error:
            raise ValueError(f"W&B did not take the workspace: {error}. Or take --offline.") from error
        say(f"saved  {built.url}")
        return
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    require_free(chosen.out, overwrite=chosen.overwrite)
    # The library has no public way to its JSON; its version is pinned.
    chosen.out.write_text(built._to_model().model_dump_json(indent=2, by_alias=True) + "\n", encoding="utf-8")
    say(f"wrote  {chosen.out}")
    say("Nothing was sent to W&B" + ("." if chosen.offline else ": no API key. Run `wandb login` to save it there."))
