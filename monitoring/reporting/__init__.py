"""What `status` and `report` tell of a window."""
