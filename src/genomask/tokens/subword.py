"""Tokens of a Hugging Face tokenizer, whose offsets say which bases each covers: BPE, or what a model brings along."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.processors import BertProcessing
from tokenizers.trainers import BpeTrainer

from genomask.alphabet import BASES, CLS, SEP, SPECIAL_TOKENS, decode
from genomask.checks import one_line, require
from genomask.files import read_object
from genomask.genome.encoded import EncodedGenome
from genomask.seeds import generator
from genomask.tokens.base import Split, Tokens
from genomask.tokens.kmer import capital_letters

STRETCH: Final = 500  # bases that tokens are trained on at a time
STRETCHES: Final = 20_000  # of the genome, drawn at random
TRIAL: Final = 2000  # bases of the random sequence that a tokenizer is tried on
LONGEST_TOKEN: Final = 16  # bases; without a limit, repeats become tokens of their own
# What special tokens are called where no tokenizer_config.json says so: as BERT's, or as RoBERTa's and ESM's.
NAMES: Final = {"mask": ("[MASK]", "<mask>"), "pad": ("[PAD]", "<pad>"), "unk": ("[UNK]", "<unk>")}


class SubwordTokens(Tokens):
    """Tokens of a tokenizer.json; a tokenizer_config.json beside it may name its special tokens. Raises ValueError if a
    special token is absent, or tokens lose bases."""

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise FileNotFoundError(f"There is no tokenizer {file}.")
        self.file, self.content = file, file.read_bytes()
        try:
            self.tokenizer = Tokenizer.from_buffer(self.content)
        except Exception as error:  # tokenizers raises bare Exceptions
            raise ValueError(f"{file} is no tokenizer.json: {one_line(str(error))}.") from error
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.vocabulary_size = max(self.tokenizer.get_vocab(with_added_tokens=True).values()) + 1
        self.name = f"subword-{self.vocabulary_size}"
        config = file.with_name("tokenizer_config.json")
        names = read_object(config) if config.is_file() else {}
        self.mask, self.pad, self.unk = (self._special(kind, names) for kind in NAMES)
        example = self.tokenizer.encode("ACGT", add_special_tokens=True)  # which shows what stands around a sequence
        content = [place for place, special in enumerate(example.special_tokens_mask) if not special]
        require(content, f"{file}", "tokens for ACGT", example.tokens)
        self.prefix, self.suffix = tuple(example.ids[: content[0]]), tuple(example.ids[content[-1] + 1 :])
        special = {token_id for token_id, token in self.tokenizer.get_added_tokens_decoder().items() if token.special}
        ids = set(self.tokenizer.get_vocab(with_added_tokens=True).values())
        self.random_ids = np.array(sorted(ids - special - {self.pad, self.unk, self.mask}), dtype=np.int64)
        trial = np.random.default_rng(0).integers(0, 4, TRIAL, dtype=np.uint8)
        self.bases_per_token = TRIAL / len(self.split(trial).ids)

    def split(self, bases: UInt8[np.ndarray, " bases"]) -> Split:
        """Cut one sequence. Raises ValueError if the tokens do not cover every base once, in order."""
        encoding = self.tokenizer.encode(decode(bases), add_special_tokens=False)
        edges = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        start, stop = edges[:, 0], edges[:, 1]
        ends = np.concatenate(([0], stop))
        if (start != ends[:-1]).any() or ends[-1] != len(bases):
            wrong = int(ends[np.append(start, len(bases)) != ends][0])
            raise ValueError(
                f"{self.file} loses bases: of {decode(bases)[wrong : wrong + 20]} no token, or more than one, covers "
                "the first base. Its tokens must cover every base of a sequence once."
            )
        return Split(np.array(encoding.ids, dtype=np.int64), start, stop)

    def longest(self, max_tokens: int) -> int:
        return max_tokens - self.special_count

    def identity(self) -> dict[str, Any]:
        return {"kind": "subword", "sha256": sha256(self.content).hexdigest()}

    def save_tokenizer(self, directory: Path, *, max_tokens: int) -> None:
        (directory / "tokenizer.json").write_bytes(self.content)
        ids = {kind: getattr(self, kind) for kind in NAMES}
        ids |= {kind: ends[0] for kind, ends in (("cls", self.prefix), ("sep", self.suffix)) if len(ends) == 1}
        self._save_config(directory, {kind: self.tokenizer.id_to_token(one) for kind, one in ids.items()}, max_tokens)

    def _special(self, kind: str, names: dict[str, Any]) -> int:
        named = names.get(f"{kind}_token")
        named = named.get("content") if isinstance(named, dict) else named
        choices = (named,) if isinstance(named, str) else NAMES[kind]
        ids = [token_id for name in choices if (token_id := self.tokenizer.token_to_id(name)) is not None]
        if not ids and kind == "unk":  # bytes need none; [MASK] stands in no sequence either
            return self.mask
        if not ids:
            raise ValueError(f"{self.file} lacks a special token: {' or '.join(choices)}.")
        return ids[0]


def genome_stretches(genome: EncodedGenome) -> Iterator[str]:
    """Stretches of A, C, G and T from all over the genome, the same at every call."""
    whole = genome.runs[genome.runs[:, 1] - genome.runs[:, 0] >= STRETCH]
    runs = whole if len(whole) else genome.runs
    draw, lengths = generator(0, "tokens"), (runs[:, 1] - runs[:, 0]).astype(float)
    chosen = draw.choice(len(runs), STRETCHES, p=lengths / lengths.sum())
    for run, place in zip(chosen, draw.random(STRETCHES), strict=True):
        first, stop = runs[run].tolist()
        start = first + int(place * max(stop - first - STRETCH, 0))
        yield decode(np.asarray(genome.bases[start : min(start + STRETCH, stop)]))


def train_bpe(sequences: Iterable[str], size: int) -> Tokenizer:
    """Train byte-pair encoding on stretches of DNA, with BERT's special tokens first; no token reaches from one stretch
    into the next. ``size`` counts special tokens, too."""
    tokenizer = Tokenizer(BPE(unk_token="[UNK]"))
    tokenizer.normalizer = capital_letters()
    trainer = BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=list(BASES),
        limit_alphabet=len(BASES),
        max_token_length=LONGEST_TOKEN,
        show_progress=False,
    )
    tokenizer.train_from_iterator(sequences, trainer)
    tokenizer.post_processor = BertProcessing(("[SEP]", SEP), ("[CLS]", CLS))
    return tokenizer
