"""The Wyoming server."""
