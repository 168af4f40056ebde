# lib/core/poll_set.c
# The hub looks what signals have come, and then empties its eventfd.
# hub hub_signals: nobody can go on
/^read_inbox(/,/^}/{
    /gruvi__signals_deliver(hub);/d
    s/^    while (gruvi__eventfd_read/    gruvi__signals_deliver(hub);\n&/
}
