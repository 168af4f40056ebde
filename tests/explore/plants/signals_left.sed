# lib/core/signals.c
# A hub goes while a handler is about to ring.
# os signals_close: a descriptor that was closed
/^await_handlers(/,/^}/s/while (/while (false \&\& /
