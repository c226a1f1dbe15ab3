"""A page on which a Japanese listener judges the word accent of a voice."""
