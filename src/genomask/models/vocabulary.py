"""Which token an id of a model folder stands for: files that say so must agree with ``genomask.tokens``.

Weights under another order of k-mers would load, and mean nothing.
"""

from pathlib import Path

from genomask.alphabet import SPECIAL_TOKENS, kmer_table
from genomask.checks import require
from genomask.models.config_file import read_object
from genomask.text_files import read_lines

ORDER = "bases in the order A, T, C, G"


def check_vocabulary(directory: Path, k: int) -> None:
    """Hold vocab.txt and tokenizer.json, where they are there, against the ids of this program.

    Raises:
        ValueError: Naming the file, and the token that is not where it must be.
    """
    wanted = [*SPECIAL_TOKENS, *kmer_table(k)]
    lines, tokenizer = directory / "vocab.txt", directory / "tokenizer.json"
    if lines.is_file():
        found = [line.text.strip() for line in read_lines(lines)]
        require(len(found) == len(wanted), str(lines), f"{len(wanted)} tokens for k = {k}", len(found))
        for line, (token, other) in enumerate(zip(wanted, found, strict=True), start=1):
            require(token == other, f"{lines}, line {line},", f"{token} ({ORDER})", other)
    if tokenizer.is_file():
        model = read_object(tokenizer).get("model")
        ids = model.get("vocab") if isinstance(model, dict) else None
        require(isinstance(ids, dict), str(tokenizer), "a vocabulary of words", type(ids).__name__)
        assert isinstance(ids, dict)
        require(len(ids) == len(wanted), str(tokenizer), f"{len(wanted)} tokens for k = {k}", len(ids))
        for token_id, token in enumerate(wanted):
            place = f"{token} in {tokenizer}"
            require(ids.get(token) == token_id, place, f"id {token_id} ({ORDER})", ids.get(token))
