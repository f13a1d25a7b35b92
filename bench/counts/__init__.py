"""What the counts of the local analysis are worth: texts with what a reader finds in them, and the measurement."""
