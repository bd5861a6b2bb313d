"""Faults of the fake workspace, through the real engine and a real browser."""
