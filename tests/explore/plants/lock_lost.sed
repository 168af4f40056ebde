# lib/sync/lock.c
# The mark that somebody waits is written, not exchanged: the owner may have
# released the lock meanwhile.
# sync lock_free: nobody can go on
/^take_or_mark(/,/^}/{
    s/exchange(lock, word, word | GRUVI__LOCK_WAITED,/(gruvi__atomic_store(\&lock->word, word | GRUVI__LOCK_WAITED,/
    s/__ATOMIC_RELAXED)) {/__ATOMIC_RELAXED), true)) {/
}
