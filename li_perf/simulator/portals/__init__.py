"""Portals of other kinds on loopback: stand-ins with the quirks of the real ones."""
