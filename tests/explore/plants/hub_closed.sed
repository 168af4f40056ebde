# lib/core/inbox.c
# A hub closes its inbox in two steps, and loses what comes between.
# hub hub_close: ran == shared->accepted
/^gruvi__inbox_close(/,/^}/s/^    run(.*/    struct gruvi__inbox_node *head = gruvi__atomic_load(\&inbox->head, __ATOMIC_SEQ_CST);\n\n    gruvi__atomic_store(\&inbox->head, \&closed, __ATOMIC_SEQ_CST);\n    run(head);/
