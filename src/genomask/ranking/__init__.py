"""How much more often a k-mer occurs than its pieces let expect, and which k-mers that singles out."""
