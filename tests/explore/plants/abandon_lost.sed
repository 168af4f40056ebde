# lib/pool/abandon.c
# Who gives up takes no notice that the result was granted just before.
# os io_abandon: nobody can go on
/^wait_for(/,/^}/s/done = !gruvi__waiter_withdraw(waiter);/gruvi__waiter_withdraw(waiter);/
