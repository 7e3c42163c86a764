"""How long whole runs take on this machine, beside plain references: ``python -m benchmarks``. No part of the wheel."""
