"""What is done to a voice once for this machine."""
