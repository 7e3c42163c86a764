"""What ``import genomask`` offers: the framework's parts, each in one call, for notebooks and scripts."""
