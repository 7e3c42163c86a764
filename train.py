"""Train, evaluate, sweep: ``python train.py --help``."""

from genomask.run import main

if __name__ == "__main__":
    main()
