// A method is a function, and its mark stands in the class.
#include <gruvi.h>

class peer {
  public:
    explicit peer(gruvi_stream_t *stream) : stream_(stream) {}
    int ping() // gruvi-unmarked: 'gruvi_stream_write'
    {
        return gruvi_stream_write(stream_, "ping", 4);
    }

  private:
    gruvi_stream_t *stream_;
};

GRUVI_SWITCHPOINT int
use(gruvi_stream_t *stream)
{
    return peer(stream).ping();
}
