# Level 2: what fibers and threads wait on together.
