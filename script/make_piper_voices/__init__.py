"""Piper's voices with random weights, in every published layout."""
