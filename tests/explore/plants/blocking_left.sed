# lib/pool/shared_pools.c
# A call that is interrupted does not wait for work that has begun.
# os blocking_close: ran == !shared.interrupted
/^wait_for(/,/^}/s/if (!done && !gruvi__work_withdraw(&call->work))/if (!done \&\& !gruvi__work_withdraw(\&call->work) \&\& false)/
