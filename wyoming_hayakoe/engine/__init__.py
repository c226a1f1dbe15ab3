"""What a voice reads to a waveform; no language work in here."""
