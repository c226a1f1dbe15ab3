"""Text to what a voice reads; no model and no sound in here."""
