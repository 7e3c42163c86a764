"""Models of any architecture that transformers has, from a folder or the Hugging Face hub.

Only safetensors are read, and no code of a folder runs unless ``model.trust_remote_code=true`` is on the command line.
"""

import re
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

from genomask.checks import one_line, require
from genomask.files import read_object, sha256
from genomask.models.settings import PretrainedSettings
from genomask.tokens.base import Tokens
from genomask.tokens.files import open_tokens

# Their positions begin behind the id of [PAD], so that their tables have that many rows more.
POSITIONS_BEHIND_PAD: Final = frozenset(
    {"roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "camembert", "esm", "longformer", "mpnet"}
)
HUB_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
FORMAT: Final = 2  # of what a pretraining of such a model gives; it had no dropout in 1
READ: Final = ("*.json", "*.safetensors", "*.txt")  # of a repository on the hub
LOADING_ERRORS: Final = (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, SafetensorError)


def longest_input(config: PreTrainedConfig) -> int:
    """Tokens of the longest input of an encoder, special ones included; ValueError if its configuration is silent."""
    length = getattr(config, "max_position_embeddings", None)
    known = isinstance(length, int) and length > 0
    require(known, f"A model of the kind {config.model_type}", "max_position_embeddings in its config.json", length)
    assert isinstance(length, int)
    return length - (int(config.pad_token_id or 0) + 1 if config.model_type in POSITIONS_BEHIND_PAD else 0)


def read_foreign_config(directory: Path, *, trusted: bool = False) -> PreTrainedConfig:
    """The configuration of a model folder; code of its own that is not trusted is a ValueError."""
    values: dict[str, Any] = read_object(directory / "config.json")
    if "auto_map" in values and not trusted:
        raise ValueError(
            f"{directory} brings code of its own, which would run with all your rights. If you have read and trust it, "
            "give model.trust_remote_code=true on the command line."
        )
    try:
        return AutoConfig.from_pretrained(directory, local_files_only=True, trust_remote_code=trusted)
    except LOADING_ERRORS as error:
        raise ValueError(f"{directory}/config.json: {one_line(str(error))}") from error


def model_folder(settings: PretrainedSettings) -> Path:
    """The folder of a pretrained model; one on the hub is downloaded first, at its revision, which must be given."""
    folder = Path(settings.path).expanduser()
    if folder.is_dir():
        return folder
    if not HUB_NAME.fullmatch(settings.path):
        raise FileNotFoundError(f"model.path: there is no folder {folder}.")
    given = settings.revision is not None
    require(given, f"model.path={settings.path}", "model.revision, a commit on the hub, as branches move", None)
    from huggingface_hub import snapshot_download

    code = ("*.py",) if settings.trust_remote_code else ()
    try:
        found = snapshot_download(settings.path, revision=settings.revision, allow_patterns=[*READ, *code])
    except Exception as error:  # of httpx, of the hub, of the disk
        raise FileNotFoundError(
            f"model.path: there is no folder {folder}, and the hub gives no {settings.path} at revision "
            f"{settings.revision}: {one_line(str(error))}"
        ) from error
    return Path(found)


def pretrained_config(settings: PretrainedSettings) -> PreTrainedConfig:
    """The configuration of a pretrained model."""
    return read_foreign_config(model_folder(settings), trusted=settings.trust_remote_code)


def load_pretrained(settings: PretrainedSettings) -> PreTrainedModel:
    """The masked language model of a folder or of the hub, to be trained: whole, no weight is drawn afresh."""
    model = load_foreign(model_folder(settings), AutoModelForMaskedLM, trusted=settings.trust_remote_code)
    longest_input(model.config)
    return model.train()  # transformers hands it over without dropout


def load_foreign(directory: Path, auto: Any, *, trusted: bool = False, whole: bool = True) -> PreTrainedModel:
    """A model in float32 on the CPU.

    ``trusted`` lets code of the folder run. ``whole`` refuses a folder that lacks weights of the head; those of the
    encoder may never lack.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the files are damaged or do not fit together, or there is no such model of that architecture.
    """
    config = read_foreign_config(directory, trusted=trusted)
    if not any(directory.glob("*.safetensors")):
        raise FileNotFoundError(f"{directory} holds no *.safetensors, the only weights that are read.")
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # what is amiss is told below, in one line
    logging.disable_progress_bar()
    try:
        model, report = auto.from_pretrained(
            directory, config=config, local_files_only=True, trust_remote_code=trusted, use_safetensors=True,
            dtype="float32", attn_implementation="sdpa", output_loading_info=True, ignore_mismatched_sizes=True,
        )  # fmt: skip
    except LOADING_ERRORS as error:
        needed = auto.__name__.removeprefix("AutoModel")
        raise ValueError(f"{directory} holds no model {needed}: {one_line(str(error))}") from error
    finally:
        logging.set_verbosity(verbosity)
    absent = [*report["missing_keys"], *(str(name) for name, *_ in report["mismatched_keys"])]
    prefix = "" if whole else f"{model.base_model_prefix}."
    absent = sorted(name for name in absent if name.startswith(prefix) and not re.search("pooler|contact_head", name))
    more = f" (and {len(absent) - 1} more)" if len(absent) > 1 else ""
    if absent:
        raise ValueError(f"{directory} does not fit its config.json: it lacks {absent[0]}{more}.")
    return model


def pretrained_tokens(settings: PretrainedSettings) -> Tokens:
    """The tokens of a pretrained model, by its own tokenizer.json."""
    return open_tokens(model_folder(settings), vocabulary=pretrained_config(settings).vocab_size)


def pretrained_identity(settings: PretrainedSettings) -> dict[str, Any]:
    """What tells a pretrained model from others: its files' content, or its name and revision on the hub."""
    folder = Path(settings.path).expanduser()
    if not folder.is_dir():
        return {"format": FORMAT, "path": settings.path, "revision": settings.revision}
    weights = sorted(folder.glob("*.safetensors"))
    named = [folder / name for name in ("config.json", "tokenizer.json", "tokens.json")]
    files = [*(file for file in named if file.is_file()), *weights, *sorted(folder.glob("*.py"))]
    return {"format": FORMAT, "files": {file.name: sha256(file) for file in files}}
