# Rules that are tests: scripts, run by the shell.
