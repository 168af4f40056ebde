# lib/sync/queue.c
# An item that went to a getter is put into the queue as well.
# items queue_two: got
/^put_now(/,/^}/s/^    } else if ((err = gruvi__items_push/    }\n    if ((err = gruvi__items_push/
