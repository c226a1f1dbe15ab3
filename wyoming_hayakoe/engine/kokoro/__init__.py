"""Kokoro: a neural voice that comes as data packages, divided so that its sentences are spoken window by window."""
