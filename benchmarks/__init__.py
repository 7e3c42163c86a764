"""How fast each stage is, beside what a user would run instead and beside what the machine can do."""
