"""The three decisions that skip work, as pure functions: facts in, verdict out. Nothing is recorded here."""
