"""ClinVar's verdict on a variant, in its spellings of 2016 and of today."""

import re
from collections.abc import Mapping
from typing import Final

PATHOGENIC, BENIGN = "pathogenic", "benign"
KEYS: Final = ("CLNSIG", "CLINICAL_SIGNIFICANCE")  # ClinVar's own VCF; tables made from its XML
_PATHOGENIC: Final = {"pathogenic", "likely_pathogenic", "4", "5"}
_BENIGN: Final = {"benign", "likely_benign", "2", "3"}
_DOUBT: Final = {"uncertain_significance", "0"}


def verdict(text: str) -> str | None:
    """One verdict from all that was submitted, or none.

    Likely counts as certain. Submissions that say nothing of it (not provided, drug response, risk factor,
    other) are passed over; uncertain or conflicting ones, or ones of both kinds, leave no verdict.
    """
    terms = {term.strip("_ ").lower().replace(" ", "_") for term in re.split(r"[|/,;]", text)}
    doubt = terms & _DOUBT or any(term.startswith("conflicting") for term in terms)
    pathogenic, benign = bool(terms & _PATHOGENIC), bool(terms & _BENIGN)
    if doubt or pathogenic == benign:
        return None
    return PATHOGENIC if pathogenic else BENIGN


def verdicts(info: Mapping[str, str], allele_count: int) -> list[str | None]:
    """The verdict on every alternative allele of a record.

    Where CLNALLE is there (2012 to 2017), CLNSIG has one entry for each of the alleles that it numbers;
    otherwise what is said holds for every allele of the record.
    """
    text = next((info[key] for key in KEYS if info.get(key)), None)
    if text is None:
        return [None] * allele_count
    numbers, entries = info.get("CLNALLE", "").split(","), text.split(",")
    if numbers == [""] or len(numbers) != len(entries):
        return [verdict(text)] * allele_count
    said = dict(zip(numbers, entries, strict=True))
    return [verdict(said[str(number)]) if str(number) in said else None for number in range(1, allele_count + 1)]
