"""Tokens: what an encoder reads in place of bases, and which bases each of them covers."""
