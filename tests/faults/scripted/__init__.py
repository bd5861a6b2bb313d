"""Chaos over the scripted connector: any history, any faults, any interruption; what must hold all the same."""
