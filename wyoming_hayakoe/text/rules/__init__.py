"""The tables of the text front end: one file per family of rules, each rule with its examples."""
