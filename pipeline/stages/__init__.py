"""The stages: each an adapter on a well-kept library, taking plain values and returning plain values."""
