"""How numbers, durations and addresses are written for people."""
