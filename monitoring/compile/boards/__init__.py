"""The boards that belong to no single domain, and all boards as files."""
