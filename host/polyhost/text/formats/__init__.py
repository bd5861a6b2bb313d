"""A module for each format: text in, tree out. None of them raises, whatever the text."""
