"""Measures how well the assessment judges (run.py) on texts written for it (corpus/)."""
