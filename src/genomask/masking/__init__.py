"""Which tokens a masked language model must predict, and what it sees in their place."""
