"""Knows what good looks like: signals, targets, and everything compiled from them."""
