// A method may have the name of a call that blocks.
#include <gruvi.h>

class queue {
  public:
    int wait(int n) { return n_ += n; }

  private:
    int n_ = 0;
};

GRUVI_SWITCHPOINT int
choose(queue *q, int n)
{
    int err = gruvi_sleep(0.0);

    return err < 0 ? err : q->wait(n);
}
