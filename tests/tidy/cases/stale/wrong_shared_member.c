/* A member that is marked as shared. */
#include <gruvi.h>

struct account {
    GRUVI_SHARED int balance;
    const char *name;
};

GRUVI_SWITCHPOINT int
withdraw(struct account *account, gruvi_stream_t *log, int amount)
{
    int err = 0;

    if (account->balance >= amount) {
        err = gruvi_stream_printf(log, "%s\n", account->name);
        account->balance -= amount; /* gruvi-stale: 'account->balance' */
    }
    return err;
}
