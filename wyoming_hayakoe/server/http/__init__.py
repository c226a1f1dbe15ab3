"""HTTP: the programs that speak it, the page, and monitors. Imported only where an address for HTTP is given."""
