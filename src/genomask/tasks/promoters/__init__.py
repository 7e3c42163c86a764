"""Promoter benchmarks (Sec. 5.1), built from the Eukaryotic Promoter Database and a genome."""
