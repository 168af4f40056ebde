# Level 4: input and output in blocking style.

LIBGRUVI_SOURCES += %D%/accept.c
LIBGRUVI_SOURCES += %D%/address.c
LIBGRUVI_SOURCES += %D%/address.h
LIBGRUVI_SOURCES += %D%/connect.c
LIBGRUVI_SOURCES += %D%/file.c
LIBGRUVI_SOURCES += %D%/file.h
LIBGRUVI_SOURCES += %D%/file_dir.c
LIBGRUVI_SOURCES += %D%/file_io.c
LIBGRUVI_SOURCES += %D%/file_path.c
LIBGRUVI_SOURCES += %D%/listener.c
LIBGRUVI_SOURCES += %D%/listener.h
LIBGRUVI_SOURCES += %D%/resolve.c
LIBGRUVI_SOURCES += %D%/resolve.h
LIBGRUVI_SOURCES += %D%/serve.c
LIBGRUVI_SOURCES += %D%/signal.c
LIBGRUVI_SOURCES += %D%/socket.c
LIBGRUVI_SOURCES += %D%/socket.h
LIBGRUVI_SOURCES += %D%/socket_file.c
LIBGRUVI_SOURCES += %D%/socket_file.h
LIBGRUVI_SOURCES += %D%/stream.c
LIBGRUVI_SOURCES += %D%/stream.h
LIBGRUVI_SOURCES += %D%/stream_buffer.c
LIBGRUVI_SOURCES += %D%/stream_read.c
LIBGRUVI_SOURCES += %D%/stream_sendfile.c
LIBGRUVI_SOURCES += %D%/stream_write.c
