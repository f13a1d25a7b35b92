"""The content pipeline: what it is judged by."""
