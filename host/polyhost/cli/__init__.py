"""The command line: formats what operations return and decides nothing."""
