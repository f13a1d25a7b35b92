"""The content pipeline: what it says."""
