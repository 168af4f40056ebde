# lib/base/forks.c
# A thread looks whether somebody has forked, and then says that it closes.
# hub forks_hold: status == 0
/^gruvi__forks_hold(/,/^}/{
    /^    gruvi__atomic_add_fetch(&holders/d
    s/^    if (gruvi__likely(gruvi__atomic_load(&forks.*/    if (gruvi__likely(gruvi__atomic_load(\&forks, __ATOMIC_SEQ_CST) == since)) {\n        gruvi__atomic_add_fetch(\&holders, 1, __ATOMIC_SEQ_CST);/
    s/^        return true;/&\n    }/
    /gruvi__forks_go_on();/d
}
