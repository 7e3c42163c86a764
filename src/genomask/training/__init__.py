"""How Lightning trains here: trainer, loggers, checkpoints, exact resumption, what the host is told."""
