"""What a run is made of: its settings as types, which Hydra checks."""
