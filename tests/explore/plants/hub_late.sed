# lib/core/poll_set.c
# A hub that a signal interrupts sleeps as long as at first.
# sync wait_on_time: gruvi_now() < shared->due
/^gruvi__poll_set_run(/,/^}/s/    n = gruvi__epoll_wait.*/    do\n    &\n    while (n < 0 \&\& errno == EINTR);/
