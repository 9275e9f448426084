"""Much I/O, politely; knows no ticket, no city and no SQL."""
