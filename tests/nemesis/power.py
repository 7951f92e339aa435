"""Power cuts (A1)."""
