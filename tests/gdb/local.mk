# gdb with tools/gdb/gruvi-gdb.py.

GDB_TESTS =
GDB_TESTS += %D%/aarch64
GDB_TESTS += %D%/cores
GDB_TESTS += %D%/gruvid
GDB_TESTS += %D%/live
GDB_TESTS += %D%/piped
TESTS += $(GDB_TESTS)
EXTRA_DIST += $(GDB_TESTS) %D%/common.sh

TEST_PROGS += %D%/fibers
%D%/cores.needs %D%/live.needs: %D%/fibers
%C%_fibers_SOURCES = %D%/fibers.c
%C%_fibers_LDADD = lib/libgruvi.la $(UV_LIBS)
%D%/gruvid.needs: gruvid tools/gruvictl/gruvictl
%D%/piped.needs: gruvid
