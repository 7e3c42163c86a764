"""A Hugging Face tokenizer that splits raw DNA as ``genomask.tokens`` does, in tokenizer.json alone.

A tokenizer.json knows no sliding window, but it can replace what a regular expression matches by fixed
letters. So the normalizer keeps the sequence in small letters and writes every position's k-mer behind it in
capitals, last base first, one replacement for each base and place; then the small letters become spaces:

    acgt  ->  a|ACG c|CGT g t  ->  ACG CGT
"""

import json
from pathlib import Path

from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase, Normalizer, Replace, Sequence
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import BertProcessing

from genomask.alphabet import BASES, CLS, SEP, SPECIAL_TOKENS, kmer_table


def save_tokenizer(directory: Path, *, k: int, max_tokens: int) -> None:
    """Write tokenizer.json and tokenizer_config.json for ``AutoTokenizer``.

    Args:
        directory: An existing folder.
        k: Bases in a k-mer.
        max_tokens: Longest input of the model, [CLS] and [SEP] included, where truncation cuts.
    """
    kmer_tokenizer(k).save(str(directory / "tokenizer.json"))
    config = {f"{token[1:-1].lower()}_token": token for token in SPECIAL_TOKENS}
    config |= {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": max_tokens}
    (directory / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def kmer_tokenizer(k: int) -> Tokenizer:
    """Overlapping k-mers between [CLS] and [SEP].

    Case does not matter; a k-mer with a letter that is not A, C, G or T is [UNK]; a sequence shorter than k
    has no k-mer. Words are windowed one by one, so that k-mers apart (``ACGTAC CGTACG``) read the same.
    """
    tokens = [*SPECIAL_TOKENS, *kmer_table(k)]
    tokenizer = Tokenizer(WordLevel({token: token_id for token_id, token in enumerate(tokens)}, "[UNK]"))
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    tokenizer.normalizer = _sliding_window(k)
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = BertProcessing(("[SEP]", SEP), ("[CLS]", CLS))
    return tokenizer


def _sliding_window(k: int) -> Normalizer:
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
