"""What the networks of JP-Extra and Piper share: VITS, cut in stages and computed window by window."""
