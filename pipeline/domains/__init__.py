"""What each domain says: its events, families, labels and handlers; one folder for each."""
