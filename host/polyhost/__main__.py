"""`python -m polyhost`."""

from polyhost.cli.main import main

main()
