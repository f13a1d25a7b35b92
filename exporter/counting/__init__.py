"""What was counted: the figures hour by hour, and everything as one value that can be put back."""
