# lib/pool/abandon.c
# Who is interrupted releases what the thread will release.
# os io_close: not so
/^wait_for(/,/^}/s/done = !gruvi__waiter_withdraw(waiter);/&\n        if (!done)\n            let_go(release, arg, NULL);/
