"""Three ways to run a connector behind one protocol: in a page, as a child process, scripted."""
