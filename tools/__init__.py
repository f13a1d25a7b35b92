"""Tools of the repository: what regenerates committed files."""
