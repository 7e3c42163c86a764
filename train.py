"""Train, evaluate, sweep: ``python train.py --help``."""

from genomask.cli import main

if __name__ == "__main__":
    main()
