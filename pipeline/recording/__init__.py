"""Where events go, and one item's way through anybody's stages."""
