"""Preparing models once for this machine; a kind of voice brings the recipe."""
