"""`python -m pipemeter`."""

from pipemeter.cli import main

main()
