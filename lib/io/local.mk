# Level 4: input and output in blocking style.

LIBGRUVI_SOURCES += %D%/socket/address.c
LIBGRUVI_SOURCES += %D%/socket/address.h
LIBGRUVI_SOURCES += %D%/socket/dial.c
LIBGRUVI_SOURCES += %D%/socket/dial.h
LIBGRUVI_SOURCES += %D%/socket/eyeballs.c
LIBGRUVI_SOURCES += %D%/socket/lookup.c
LIBGRUVI_SOURCES += %D%/socket/lookup.h
LIBGRUVI_SOURCES += %D%/socket/lookup_result.c
LIBGRUVI_SOURCES += %D%/socket/resolve.c
LIBGRUVI_SOURCES += %D%/socket/resolve.h
LIBGRUVI_SOURCES += %D%/socket/socket.c
LIBGRUVI_SOURCES += %D%/socket/socket.h
LIBGRUVI_SOURCES += %D%/file/file.c
LIBGRUVI_SOURCES += %D%/file/file.h
LIBGRUVI_SOURCES += %D%/file/file_dir.c
LIBGRUVI_SOURCES += %D%/file/file_io.c
LIBGRUVI_SOURCES += %D%/file/file_path.c
LIBGRUVI_SOURCES += %D%/stream/stream.c
LIBGRUVI_SOURCES += %D%/stream/stream.h
LIBGRUVI_SOURCES += %D%/stream/stream_buffer.c
LIBGRUVI_SOURCES += %D%/stream/stream_read.c
LIBGRUVI_SOURCES += %D%/stream/stream_sendfile.c
LIBGRUVI_SOURCES += %D%/stream/stream_write.c
LIBGRUVI_SOURCES += %D%/tls/tls.h
LIBGRUVI_SOURCES += %D%/connection/accept.c
LIBGRUVI_SOURCES += %D%/connection/connect.c
LIBGRUVI_SOURCES += %D%/connection/listener.c
LIBGRUVI_SOURCES += %D%/connection/listener.h
LIBGRUVI_SOURCES += %D%/connection/serve.c
LIBGRUVI_SOURCES += %D%/connection/socket_file.c
LIBGRUVI_SOURCES += %D%/connection/socket_file.h
LIBGRUVI_SOURCES += %D%/datagram/datagram.c
LIBGRUVI_SOURCES += %D%/datagram/datagram.h
LIBGRUVI_SOURCES += %D%/datagram/datagram_address.c
LIBGRUVI_SOURCES += %D%/datagram/datagram_many.c
LIBGRUVI_SOURCES += %D%/datagram/datagram_multicast.c
LIBGRUVI_SOURCES += %D%/datagram/datagram_one.c
LIBGRUVI_SOURCES += %D%/process/process.c
LIBGRUVI_SOURCES += %D%/process/process.h
LIBGRUVI_SOURCES += %D%/process/process_communicate.c
LIBGRUVI_SOURCES += %D%/process/process_stdio.c
LIBGRUVI_SOURCES += %D%/process/signal.c
LIBGRUVI_TLS_SOURCES =
LIBGRUVI_TLS_SOURCES += %D%/tls/tls.c
LIBGRUVI_TLS_SOURCES += %D%/tls/tls_bio.c
LIBGRUVI_TLS_SOURCES += %D%/tls/tls_end.c
LIBGRUVI_TLS_SOURCES += %D%/tls/tls_error.c
LIBGRUVI_TLS_SOURCES += %D%/tls/tls_openssl.h
LIBGRUVI_TLS_SOURCES += %D%/tls/tls_session.c
LIBGRUVI_TLS_SOURCES += %D%/tls/tls_stream.c
LIBGRUVI_TLS_SOURCES += %D%/tls/tls_write.c
if HAVE_OPENSSL
LIBGRUVI_SOURCES += $(LIBGRUVI_TLS_SOURCES)
else
LIBGRUVI_SOURCES += %D%/tls/tls_none.c
endif
