"""A fine-tuned classifier at work: windows of FASTA, tables or BED go in, tables or tracks come out."""
