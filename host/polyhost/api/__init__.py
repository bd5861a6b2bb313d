"""The owner API: the operations over HTTP, on this machine only, and the door that guards the dashboard too.

It formats; it decides nothing.
"""
