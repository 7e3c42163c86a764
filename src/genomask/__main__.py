"""``python -m genomask``: the ``genomask`` command, wherever its script is."""

from genomask.cli import main

main()
