"""Voices' networks in PyTorch, with the extra [publish]."""
