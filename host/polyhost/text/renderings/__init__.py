"""A module for each way to show a tree."""
