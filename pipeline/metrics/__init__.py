"""What all families have in common: declared, guarded, alive in a registry."""
