# Level 4: input and output in blocking style.

LIBGRUVI_SOURCES += %D%/accept.c
LIBGRUVI_SOURCES += %D%/address.c
LIBGRUVI_SOURCES += %D%/address.h
LIBGRUVI_SOURCES += %D%/connect.c
LIBGRUVI_SOURCES += %D%/datagram.c
LIBGRUVI_SOURCES += %D%/datagram.h
LIBGRUVI_SOURCES += %D%/datagram_address.c
LIBGRUVI_SOURCES += %D%/datagram_many.c
LIBGRUVI_SOURCES += %D%/datagram_multicast.c
LIBGRUVI_SOURCES += %D%/datagram_one.c
LIBGRUVI_SOURCES += %D%/dial.c
LIBGRUVI_SOURCES += %D%/dial.h
LIBGRUVI_SOURCES += %D%/eyeballs.c
LIBGRUVI_SOURCES += %D%/file.c
LIBGRUVI_SOURCES += %D%/file.h
LIBGRUVI_SOURCES += %D%/file_dir.c
LIBGRUVI_SOURCES += %D%/file_io.c
LIBGRUVI_SOURCES += %D%/file_path.c
LIBGRUVI_SOURCES += %D%/listener.c
LIBGRUVI_SOURCES += %D%/listener.h
LIBGRUVI_SOURCES += %D%/lookup.c
LIBGRUVI_SOURCES += %D%/lookup.h
LIBGRUVI_SOURCES += %D%/lookup_result.c
LIBGRUVI_SOURCES += %D%/process.c
LIBGRUVI_SOURCES += %D%/process.h
LIBGRUVI_SOURCES += %D%/process_communicate.c
LIBGRUVI_SOURCES += %D%/process_stdio.c
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
LIBGRUVI_SOURCES += %D%/tls.h
LIBGRUVI_TLS_SOURCES =
LIBGRUVI_TLS_SOURCES += %D%/tls.c
LIBGRUVI_TLS_SOURCES += %D%/tls_bio.c
LIBGRUVI_TLS_SOURCES += %D%/tls_end.c
LIBGRUVI_TLS_SOURCES += %D%/tls_error.c
LIBGRUVI_TLS_SOURCES += %D%/tls_openssl.h
LIBGRUVI_TLS_SOURCES += %D%/tls_session.c
LIBGRUVI_TLS_SOURCES += %D%/tls_stream.c
LIBGRUVI_TLS_SOURCES += %D%/tls_write.c
if HAVE_OPENSSL
LIBGRUVI_SOURCES += $(LIBGRUVI_TLS_SOURCES)
else
LIBGRUVI_SOURCES += %D%/tls_none.c
endif
