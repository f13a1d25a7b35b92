"""The boards of the content pipeline."""
