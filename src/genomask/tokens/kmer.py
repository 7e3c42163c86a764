"""k-mers as tokens: overlapping ones as DNABERT's, or side by side as the Nucleotide Transformer's; single bases."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase, Normalizer, Replace, Sequence
from tokenizers.pre_tokenizers import Split as SplitText
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import BertProcessing

from genomask.alphabet import BASES, CLS, FIRST_KMER, MASK, OTHER, PAD, SEP, SPECIAL_TOKENS, UNK, kmer_table
from genomask.compiled import compiled
from genomask.tokens.base import Split, Tokens
from genomask.tokens.settings import KmerSettings


class KmerTokens(Tokens):
    """k-mers of A, C, G and T. With ``stride=1`` they overlap, their ids are DNABERT's, and a k-mer with another letter
    is [UNK]. With ``stride=k`` they lie side by side; where another letter is among the next k, or fewer than k are
    left, single letters with tokens of their own (A, T, C, G, N) take their place, as in the Nucleotide Transformer."""

    def __init__(self, k: int = 6, stride: int = 1) -> None:
        KmerSettings(k, stride)  # which refuses what is out of range
        self.k, self.stride = k, stride
        self.name = "base" if k == 1 else f"{k}-mer" + (f"/{stride}" if stride > 1 else "")
        self.vocabulary = [*SPECIAL_TOKENS, *kmer_table(k), *([] if stride == 1 else [*BASES, "N"])]
        self.vocabulary_size = len(self.vocabulary)
        self.pad, self.unk, self.mask = int(PAD), int(UNK), int(MASK)
        self.prefix, self.suffix = (int(CLS),), (int(SEP),)
        self.random_ids = np.arange(FIRST_KMER, FIRST_KMER + 4**k)
        self.bases_per_token = float(k)
        self.overlapping = stride < k
        self.shortest = k if stride == 1 else 1
        self.margin = (k // 2, (k - 1) // 2) if self.overlapping else (0, 0)

    def split(self, bases: UInt8[np.ndarray, " bases"]) -> Split:
        if self.stride == 1:
            ids = np.empty(max(len(bases) - self.k + 1, 0), dtype=np.int64)
            _write_overlapping(bases, self.k, ids)
            start = np.arange(len(ids))
            return Split(ids, start, start + self.k)
        ids, start = np.empty(len(bases), dtype=np.int64), np.empty(len(bases) + 1, dtype=np.int64)
        count = _write_side_by_side(bases, self.k, ids, start)
        return Split(ids[:count], start[:count], start[1 : count + 1])

    def longest(self, max_tokens: int) -> int:
        room, k = max_tokens - self.special_count, self.k
        if self.stride == 1:
            return room + k - 1
        # Side by side, single bases may end a sequence.
        return room if room < k - 1 else (room - k + 3) * k - 2

    def identity(self) -> dict[str, Any]:
        return {"kind": "kmer", "k": self.k, "stride": self.stride}

    def save_tokenizer(self, directory: Path, *, max_tokens: int) -> None:
        kmer_tokenizer(self.k, self.stride).save(str(directory / "tokenizer.json"))
        self._save_config(directory, {token[1:-1].lower(): token for token in SPECIAL_TOKENS}, max_tokens)


@compiled
def _write_overlapping(bases: Any, k: Any, ids: Any) -> None:
    code, known = 0, 0  # known: letters since the last one that is not A, C, G or T
    for place in range(len(bases)):
        known = known + 1 if bases[place] < OTHER else 0
        code = (code << 2 | bases[place] & 3) & (1 << 2 * k) - 1
        if place >= k - 1:
            ids[place - k + 1] = FIRST_KMER + code if known >= k else UNK


@compiled
def _write_side_by_side(bases: Any, k: Any, ids: Any, start: Any) -> Any:
    singles, place, count = FIRST_KMER + (1 << 2 * k), 0, 0
    while place < len(bases):
        code, length = 0, 0
        while length < k and place + length < len(bases) and bases[place + length] < OTHER:
            code = code << 2 | bases[place + length]
            length += 1
        start[count] = place
        if length == k:
            ids[count] = FIRST_KMER + code
            place += k
        else:
            ids[count] = singles + min(bases[place], OTHER)
            place += 1
        count += 1
    start[count] = place
    return count


def kmer_tokenizer(k: int, stride: int = 1) -> Tokenizer:
    """Build a Hugging Face tokenizer that splits raw DNA of either case as ``KmerTokens`` does, in tokenizer.json
    alone. Overlapping, words are windowed one by one, so that k-mers apart (``ACGTAC CGTACG``) read the same."""
    tokens = KmerTokens(k, stride).vocabulary
    tokenizer = Tokenizer(WordLevel({token: token_id for token_id, token in enumerate(tokens)}, "[UNK]"))
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    if stride == 1:
        tokenizer.normalizer = _sliding_window(k)
        tokenizer.pre_tokenizer = WhitespaceSplit()
    else:
        tokenizer.normalizer = capital_letters(Replace(Regex(r"\s"), ""))
        tokenizer.pre_tokenizer = SplitText(Regex(f"[ACGT]{{{k}}}|."), "isolated")
    tokenizer.post_processor = BertProcessing(("[SEP]", SEP), ("[CLS]", CLS))
    return tokenizer


def capital_letters(*more: Normalizer) -> Normalizer:
    """Write A, C, G and T in capitals, and N for any other letter."""
    return Sequence([*(Replace(letter.lower(), letter) for letter in BASES), *more, Replace(Regex("[^ACGT]"), "N")])


def _sliding_window(k: int) -> Normalizer:
    """Write every position's k-mer behind it: a tokenizer.json knows no sliding window, but regular expressions.

    The sequence stays in small letters, and each position's k-mer comes to stand behind it in capitals, last base
    first, one replacement for each base and place; then the small letters become spaces:

        acgt  ->  a|ACG c|CGT g t  ->  ACG CGT
    """
    steps: list[Normalizer] = [Replace(Regex(r"[^ACGTacgt\s]"), "n"), Lowercase()]
    for place in reversed(range(k)):
        # The last base opens the k-mer, also where it is an N: a k-mer with a letter too few is [UNK].
        last = place == k - 1
        capitals = "[A-Z]*" if last else "[A-Z]+"
        for base in BASES + "N" * last:
            if place == 0:
                before, after = base.lower(), capitals
            else:
                before, after = "[acgtn]", rf"{capitals}(?:[acgtn][A-Z]*){{{place - 1}}}{base.lower()}"
            steps.append(Replace(Regex(f"(?<={before})(?={after})"), base))
    return Sequence([*steps, Replace(Regex("[acgtn]"), " ")])
