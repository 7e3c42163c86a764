"""One masked sequence as W&B media: which bases a strategy hides, and which tokens are to be predicted."""

from collections.abc import Sequence
from typing import Final

from lightning.pytorch.loggers import Logger, WandbLogger

from genomask.alphabet import decode
from genomask.corpus.datamodule import CorpusDataModule

MEDIA: Final = "pretrain/masked_sequence"
LINE: Final = 100  # bases
CHOSEN: Final = "background:#D55E00;color:#fff"  # bases that the strategy chose
HIDDEN: Final = "background:#E69F00;color:#000"  # others that a masked token covers


def log_masked_sequence(loggers: Sequence[Logger], corpus: CorpusDataModule) -> None:
    """Log the first training sequence as it is masked to every W&B run among the loggers."""
    runs = [logger.experiment for logger in loggers if isinstance(logger, WandbLogger)]
    if not runs:
        return
    import wandb

    page = masked_html(corpus)
    for run in runs:
        run.log({MEDIA: wandb.Html(page, inject=False)})


def masked_html(corpus: CorpusDataModule) -> str:
    """A masked sequence as HTML: chosen bases on red, others that no visible token shows on orange."""
    pieces, keys, progress = corpus.sample(1)
    bases, lower, tracks = pieces[0]
    row = corpus.masker(bases, lower, tracks, key=keys[0], progress=float(progress[0]))
    styles = ["" for _ in bases]
    for start, stop, masked in zip(row.tokens.start, row.tokens.stop, row.masked, strict=True):
        styles[start:stop] = [HIDDEN] * (stop - start) if masked else styles[start:stop]
    styles = [CHOSEN if chosen else style for style, chosen in zip(styles, row.chosen, strict=True)]
    letters = [
        f'<span style="{style}">{letter}</span>' if style else letter
        for letter, style in zip(decode(bases), styles, strict=True)
    ]
    lines = ["".join(letters[start : start + LINE]) for start in range(0, len(letters), LINE)]
    name, share = type(corpus.masker.strategy).__name__, row.masked.mean()
    head = (
        f"{name}: {row.masked.sum()} of {len(row.masked)} {corpus.masker.tokens.name} tokens to predict ({share:.1%})"
    )
    key_line = f'<span style="{CHOSEN}">chosen bases</span> <span style="{HIDDEN}">others in a masked token</span>'
    return f"<p>{head}. {key_line}</p><pre>{chr(10).join(lines)}</pre>"
