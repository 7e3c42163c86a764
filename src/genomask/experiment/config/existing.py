"""``encoder=NAME|FOLDER``: go on with an encoder that exists, with the settings that it was made with."""

from pathlib import Path
from typing import Any, Final, get_type_hints

from omegaconf import DictConfig, OmegaConf

from genomask.experiment.config.schema import KINDS, Config
from genomask.experiment.store.artefact import Artefact, Json
from genomask.experiment.store.manifest import MANIFEST, read_manifest

SHAPING: Final = (
    "genome", "ranking", "vocab", "corpus", "tokens", "masking", "corrupt", "rate", "weight", "match", "model", "wc",
    "hga", "pretrain", "pretrain_seed",
)  # fmt: skip
NAMES: Final = ("contender", "experiment", "variant", *SHAPING)  # groups that choose any of it
FREE: Final = ("pretrain.step",)
TYPES: Final = get_type_hints(Config)


def find_encoder(name: str, runs: Path) -> Path:
    """The folder of an encoder, by its path, its name in the directory of runs, or a part of it that no other has.

    Raises:
        ValueError: If there is none or there are several.
    """
    folder = Path(name).expanduser()
    if (folder / MANIFEST).is_file():
        return folder
    found = [path.parent for path in sorted((runs / "encoder").glob(f"*{name}*/{MANIFEST}"))] if "/" not in name else []
    found = [path for path in found if path.name == name] or found
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:3])
        raise ValueError(
            f"encoder={name} fits {len(found)} encoders in {runs}, such as {names}: give more of the name."
        )
    if not found:
        raise ValueError(
            f"encoder={name} is no folder with a {MANIFEST}, and no name in {runs / 'encoder'} (genomask runs {runs} "
            "lists them). Other encoders: model=hf tokens=own model.path=FOLDER pretrain=none."
        )
    return found[0]


def with_encoder(cfg: DictConfig, words: list[str]) -> None:
    """Take all that shaped the encoder from the configuration that it was made with.

    Args:
        cfg: The composed configuration, whose ``encoder`` is a name or a folder; it becomes the folder.
        words: The command line, which may not say otherwise.

    Raises:
        ValueError: If there is no such encoder, the folder holds something else, or words would shape another.
    """
    given = (word.lstrip("+~").partition("=")[0].partition("@")[0] for word in words)
    shaping = [name for name in given if name.partition(".")[0].partition("/")[0] in NAMES and name not in FREE]
    if shaping:
        raise ValueError(f"encoder={cfg.encoder} brings all that shaped it: leave out {', '.join(shaping)}.")
    folder = find_encoder(cfg.encoder, Path(cfg.paths.runs))
    manifest = read_manifest(folder)
    if manifest["kind"] != "encoder":
        raise ValueError(f"encoder={cfg.encoder} holds an artefact of kind {manifest['kind']}, not an encoder.")
    saved: Json = manifest["config"]
    step, cfg.encoder = cfg.pretrain.step, str(folder)
    for group in SHAPING:
        if group in saved:
            cfg[group] = _typed(group, saved)
    cfg.pretrain.step = step
    cfg.labels = {**cfg.labels, **{name: label for name, label in saved["labels"].items() if name != "fs"}}


def existing_encoder(folder: str) -> Artefact:
    """The encoder as an artefact that is there, under the identity that its manifest says."""
    path = Path(folder)
    manifest = read_manifest(path)
    name, _, _ = path.resolve().name.rpartition("-")
    return Artefact("encoder", name or path.name, manifest["settings"], folder=path, known=manifest["digest"])


def _typed(group: str, saved: Json) -> Any:
    """A group of a saved configuration, with the type that the schema has for it."""
    if not isinstance(saved[group], dict) or group == "masking":  # a strategy's constructor is its schema
        return saved[group]
    named = {place: kind for entry in saved["defaults"] if isinstance(entry, dict) for place, kind in entry.items()}
    kind = named.get(f"/schema/{group}@{group}")
    return OmegaConf.merge(OmegaConf.structured(KINDS[group][kind] if kind else TYPES[group]), saved[group])
