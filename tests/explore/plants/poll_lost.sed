# lib/core/poll_set.c
# A hub that is woken for its loop does not run it.
# os fd_two: it does not come to an end
/^gruvi__poll_set_run(/,/^}/s/if (loop ||/if (/
