"""Telling the owner that they are needed: causes, the ways to tell, and the memory of what was told."""
