"""What runs the tests: rooms are in noxfile.py, this package holds the tools they share. Not part of the built collection."""
