"""The tokens of a model folder: written beside its weights, and read back."""

import json
from pathlib import Path
from typing import Any, Final, cast

from genomask.alphabet import vocabulary_size
from genomask.checks import require
from genomask.files import read_object
from genomask.text_files import read_lines
from genomask.tokens.base import Tokens
from genomask.tokens.kmer import KmerTokens
from genomask.tokens.settings import LONGEST_K
from genomask.tokens.subword import SubwordTokens

TOKENS_FILE: Final = "tokens.json"
ORDER: Final = "bases in the order A, T, C, G"
K_BY_VOCABULARY: Final = {vocabulary_size(k): k for k in range(1, LONGEST_K + 1)}


def save_tokens(tokens: Tokens, directory: Path, *, max_tokens: int) -> None:
    """Write tokens.json, and the tokenizer for Hugging Face's ``AutoTokenizer``, into an existing folder."""
    tokens.save_tokenizer(directory, max_tokens=max_tokens)
    (directory / TOKENS_FILE).write_text(json.dumps(tokens.identity(), indent=2) + "\n", encoding="utf-8")


def open_tokens(directory: Path, *, vocabulary: int) -> Tokens:
    """The tokens of a model folder with ``vocabulary`` rows of token embeddings; without tokens.json, overlapping
    k-mers if that number says so. Raises ValueError if the files do not fit together."""
    file, tokenizer = directory / TOKENS_FILE, directory / "tokenizer.json"
    identity: dict[str, Any] = read_object(file) if file.is_file() else {}
    if not file.is_file() and vocabulary in K_BY_VOCABULARY:
        identity = KmerTokens(K_BY_VOCABULARY[vocabulary]).identity()
    if identity.get("kind") == "kmer":
        k, stride = identity.get("k"), identity.get("stride")
        sound = type(k) is int and 1 <= k <= LONGEST_K and type(stride) is int and stride in (1, k)
        require(sound, str(file), f"a k from 1 to {LONGEST_K}, and a stride of 1 or k", identity)
        tokens = KmerTokens(cast(int, k), cast(int, stride))
        check_vocabulary(directory, tokens)
        require(vocabulary == tokens.vocabulary_size, str(directory), f"{tokens.vocabulary_size} tokens", vocabulary)
        return tokens
    if not tokenizer.is_file():
        raise ValueError(
            f"{directory} does not say what its tokens are: it has no {TOKENS_FILE} and no tokenizer.json."
        )
    tokens = SubwordTokens(tokenizer)
    same = not file.is_file() or identity == tokens.identity()
    require(same, str(file), f"the identity of the tokenizer.json beside it, {tokens.identity()}", identity)
    size = tokens.vocabulary_size
    require(vocabulary >= size, str(directory), f"an embedding for each of its {size} tokens", vocabulary)
    return tokens


def check_vocabulary(directory: Path, tokens: KmerTokens) -> None:
    """Hold vocab.txt and tokenizer.json, where they are there, against the ids of this program: weights under another
    order of k-mers would load, and mean nothing. Raises ValueError naming the file and the token."""
    wanted, k = tokens.vocabulary, tokens.k
    lines, tokenizer = directory / "vocab.txt", directory / "tokenizer.json"
    if lines.is_file():
        found = [line.text.strip() for line in read_lines(lines)]
        require(len(found) == len(wanted), str(lines), f"{len(wanted)} tokens for k = {k}", len(found))
        for line, (token, other) in enumerate(zip(wanted, found, strict=True), start=1):
            require(token == other, f"{lines}, line {line},", f"{token} ({ORDER})", other)
    if tokenizer.is_file():
        model = read_object(tokenizer).get("model")
        ids: Any = model.get("vocab") if isinstance(model, dict) else None
        require(isinstance(ids, dict), str(tokenizer), "a vocabulary of words", type(ids).__name__)
        require(len(ids) == len(wanted), str(tokenizer), f"{len(wanted)} tokens for k = {k}", len(ids))
        for token_id, token in enumerate(wanted):
            place = f"{token} in {tokenizer}"
            require(ids.get(token) == token_id, place, f"id {token_id} ({ORDER})", ids.get(token))
