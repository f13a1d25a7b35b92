"""What a configuration came to, and what another one would have come to."""
