"""What was counted: quality hour by hour, and everything as one value that can be put back."""
