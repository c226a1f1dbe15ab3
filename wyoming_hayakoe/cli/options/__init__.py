"""The program's options: one table of them, the values that are given for them, and what these configure."""
