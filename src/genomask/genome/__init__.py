"""Genomes as arrays of bases: from FASTA files, from NCBI, or drawn from a seed."""
