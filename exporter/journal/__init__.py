"""What was accepted is kept: the journal, and the keeper that puts it back."""
