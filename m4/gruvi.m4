# The probes of configure.ac.

# GRUVI_ADD_FLAG(VARIABLE, FLAG, [USE])
# Append FLAG to VARIABLE where compiler and linker take it without a warning.
# USE is what is tried in its place, e.g. FLAG together with one it relies on.
AC_DEFUN([GRUVI_ADD_FLAG], [
  AC_MSG_CHECKING([for $2])
  gruvi_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS m4_default([$3], [$2]) -Werror"
  AC_LINK_IFELSE([AC_LANG_PROGRAM],
    [AC_MSG_RESULT([yes])
     $1="$$1 $2"],
    [AC_MSG_RESULT([no])])
  CFLAGS=$gruvi_save_CFLAGS
])

# make and libtool take a blank in a path for the end of it, late and without
# saying so.
AC_DEFUN([GRUVI_PLACES], [
  AS_CASE([`cd "$srcdir" && pwd`:`pwd`:$prefix:$exec_prefix],
    [*@<:@[[:space:]]@:>@*],
    [AC_MSG_ERROR([make and libtool cannot work with a blank in the path of the
       sources, of the build or of the prefix: go to a folder without])])
])

# Warnings are always on; they are errors for those who ask, which CI does.
AC_DEFUN([GRUVI_WARNINGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [a warning is an error])],
    [], [enable_werror=no])
  gruvi_warnings=on
  WARN_CFLAGS="-Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes"
  AS_IF([test "$enable_werror" = yes],
    [WARN_CFLAGS="$WARN_CFLAGS -Werror"
     gruvi_warnings=errors])
  AC_SUBST([WARN_CFLAGS])
])

# Sanitizers reach the compiler and the linker.  Their runtime may live in the
# program only (clang), so that libraries may not be linked with -z defs then.
AC_DEFUN([GRUVI_SANITIZER], [
  AC_ARG_ENABLE([sanitizer],
    [AS_HELP_STRING([--enable-sanitizer=LIST],
       [build with -fsanitize=LIST: "address,undefined" or "thread"])],
    [], [enable_sanitizer=no])
  SANITIZER_FLAGS= DEFS_LDFLAGS=
  AS_CASE([$enable_sanitizer],
    [yes], [AC_MSG_ERROR([--enable-sanitizer wants a list, see --help])],
    [no], [GRUVI_ADD_FLAG([DEFS_LDFLAGS], [-Wl,-z,defs])],
    [SANITIZER_FLAGS="-fsanitize=$enable_sanitizer"
     AS_CASE([,$enable_sanitizer,], [*,undefined,*],
       [SANITIZER_FLAGS="$SANITIZER_FLAGS -fno-sanitize-recover=undefined"])
     gruvi_saved_flags=
     GRUVI_ADD_FLAG([gruvi_saved_flags], [$SANITIZER_FLAGS])
     AS_IF([test -z "$gruvi_saved_flags"],
       [AC_MSG_ERROR([$CC cannot link with $SANITIZER_FLAGS])])])
  AC_SUBST([SANITIZER_FLAGS])
  AC_SUBST([DEFS_LDFLAGS])
])

# The level of _FORTIFY_SOURCE, where nobody has set one.
AC_DEFUN([GRUVI_FORTIFY], [
  AC_MSG_CHECKING([whether the compiler sets _FORTIFY_SOURCE])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [[
#ifndef _FORTIFY_SOURCE
#error not set
#endif
      ]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     HARDEN_CPPFLAGS=-D_FORTIFY_SOURCE=2])
])

# A large frame must hit the guard below a fiber's stack.  On aarch64 the
# compiler counts on guards of 64 KiB unless it is told otherwise.
AC_DEFUN([GRUVI_STACK_CLASH], [
  STACK_CLASH_CFLAGS=
  GRUVI_ADD_FLAG([STACK_CLASH_CFLAGS], [-fstack-clash-protection])
  AS_CASE([$host_cpu], [aarch64],
    [GRUVI_ADD_FLAG([STACK_CLASH_CFLAGS],
       [--param=stack-clash-protection-guard-size=12])])
  AC_SUBST([STACK_CLASH_CFLAGS])
])

# PIE is for programs only; the rest is for everything.  _FORTIFY_SOURCE warns
# without optimisation and hides calls from a sanitizer; a level that flags or
# compiler set already stays.
AC_DEFUN([GRUVI_HARDENING], [
  AC_ARG_ENABLE([hardening],
    [AS_HELP_STRING([--disable-hardening],
       [no PIE, RELRO, stack protector, _FORTIFY_SOURCE])],
    [], [enable_hardening=yes])
  HARDEN_CFLAGS= HARDEN_CPPFLAGS= HARDEN_LDFLAGS= PIE_CFLAGS= PIE_LDFLAGS=
  AS_IF([test "$enable_hardening" != no], [
    GRUVI_ADD_FLAG([HARDEN_CFLAGS], [-fstack-protector-strong])
    HARDEN_CFLAGS="$HARDEN_CFLAGS $STACK_CLASH_CFLAGS"
    GRUVI_ADD_FLAG([HARDEN_LDFLAGS], [-Wl,-z,relro])
    GRUVI_ADD_FLAG([HARDEN_LDFLAGS], [-Wl,-z,now])
    GRUVI_ADD_FLAG([PIE_CFLAGS], [-fPIE])
    GRUVI_ADD_FLAG([PIE_LDFLAGS], [-pie], [-fPIE -pie])
    AS_IF([test "$enable_sanitizer" = no], [
      AS_CASE([" $CPPFLAGS $CFLAGS "], [*" -O0 "*], [],
        [*"_FORTIFY_SOURCE"*], [],
        [*" -O"*], [GRUVI_FORTIFY])])
  ])
  gruvi_hardening=no
  for gruvi_flag in $PIE_LDFLAGS $HARDEN_LDFLAGS $HARDEN_CFLAGS \
    $HARDEN_CPPFLAGS; do
    AS_IF([test "$gruvi_hardening" = no],
      [gruvi_hardening=$gruvi_flag],
      [gruvi_hardening="$gruvi_hardening $gruvi_flag"])
  done
  AC_SUBST([HARDEN_CFLAGS])
  AC_SUBST([HARDEN_CPPFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])
  AC_SUBST([PIE_CFLAGS])
  AC_SUBST([PIE_LDFLAGS])
])

# The context switch: assembly where there is some for the host.
AC_DEFUN([GRUVI_CONTEXT], [
  AC_ARG_WITH([context],
    [AS_HELP_STRING([--with-context=NAME],
       [the context switch: auto, x86_64, aarch64 or ucontext])],
    [], [with_context=auto])
  AC_MSG_CHECKING([for the context switch])
  AS_CASE([$host_cpu:$CC],
    [*:*-mx32*], [gruvi_context=ucontext],
    [*:*-m32*], [gruvi_context=ucontext],
    [x86_64:*], [AS_CASE([$host_os], [*x32], [gruvi_context=ucontext],
                   [gruvi_context=x86_64])],
    [aarch64:*], [gruvi_context=aarch64],
    [gruvi_context=ucontext])
  AS_CASE([$with_context],
    [auto|"$gruvi_context"|ucontext], [],
    [x86_64|aarch64],
      [AC_MSG_ERROR([--with-context=$with_context does not fit $host_cpu])],
    [AC_MSG_ERROR([--with-context=$with_context is none of auto, x86_64, aarch64, ucontext])])
  AS_IF([test "$with_context" != auto], [gruvi_context=$with_context])
  AC_MSG_RESULT([$gruvi_context])
  AS_CASE([$gruvi_context],
    [x86_64],
      [AC_DEFINE([GRUVI_CONTEXT_X86_64], [1], [Assembly for x86-64.])],
    [aarch64],
      [AC_DEFINE([GRUVI_CONTEXT_AARCH64], [1], [Assembly for aarch64.])],
    [AC_DEFINE([GRUVI_CONTEXT_UCONTEXT], [1], [The portable one.])])
  AM_CONDITIONAL([GRUVI_CONTEXT_X86_64], [test "$gruvi_context" = x86_64])
  AM_CONDITIONAL([GRUVI_CONTEXT_AARCH64], [test "$gruvi_context" = aarch64])
  AM_CONDITIONAL([GRUVI_CONTEXT_UCONTEXT], [test "$gruvi_context" = ucontext])
])

# inih can be built with its settings fixed at compile time.  gruvid changes
# five of them at run time, so such a build of it will not do.
AC_DEFUN([GRUVI_CHECK_INIH], [
  PKG_CHECK_MODULES([INIH], [inih])
  AC_MSG_CHECKING([whether inih can be set up at run time])
  gruvi_save_CFLAGS=$CFLAGS gruvi_save_LIBS=$LIBS
  CFLAGS="$CFLAGS $INIH_CFLAGS"
  LIBS="$INIH_LIBS $LIBS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdbool.h>
      #include <stdio.h>
      #include <ini.h>]],
    [[ini_use_stack = false;
      ini_allow_realloc = true;
      ini_max_line = 65536;
      ini_allow_multiline = false;
      ini_allow_inline_comments = false;]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([this inih has no ini_use_stack, ini_allow_realloc,
       ini_max_line, ini_allow_multiline and ini_allow_inline_comments: take
       the one of Debian 12, or another that is built with these settings])])
  CFLAGS=$gruvi_save_CFLAGS
  LIBS=$gruvi_save_LIBS
])

# OpenSSL, for tls:// addresses.
AC_DEFUN([GRUVI_CHECK_OPENSSL], [
  AC_ARG_WITH([openssl],
    [AS_HELP_STRING([--without-openssl], [do without tls:// addresses])],
    [], [with_openssl=auto])
  have_openssl=no
  AS_IF([test "$with_openssl" != no], [
    PKG_CHECK_MODULES([OPENSSL], [openssl >= 3.0],
      [have_openssl=$($PKG_CONFIG --modversion openssl)],
      [AS_IF([test "$with_openssl" = yes],
         [AC_MSG_ERROR([OpenSSL 3 was asked for and not found])])])])
  AS_IF([test "$have_openssl" != no],
    [AC_DEFINE([HAVE_OPENSSL], [1], [OpenSSL 3 is there.])])
  AM_CONDITIONAL([HAVE_OPENSSL], [test "$have_openssl" != no])
])

# nghttp2, for HTTP/2 in plugins/http.
AC_DEFUN([GRUVI_CHECK_NGHTTP2], [
  AC_ARG_WITH([nghttp2],
    [AS_HELP_STRING([--without-nghttp2], [do without HTTP/2])],
    [], [with_nghttp2=auto])
  have_nghttp2=no
  AS_IF([test "$with_nghttp2" != no], [
    PKG_CHECK_MODULES([NGHTTP2], [libnghttp2 >= 1.50],
      [have_nghttp2=$($PKG_CONFIG --modversion libnghttp2)],
      [AS_IF([test "$with_nghttp2" = yes],
         [AC_MSG_ERROR([libnghttp2 was asked for and not found])])])])
  AM_CONDITIONAL([HAVE_NGHTTP2], [test "$have_nghttp2" != no])
])

# GRUVI_CHECK_CODING(NAME, MODULE, VARIABLE, VERSION): a library that compresses
# what plugins/http sends.
AC_DEFUN([GRUVI_CHECK_CODING], [
  AC_ARG_WITH([$1],
    [AS_HELP_STRING([--without-$1], [do without replies compressed by $1])],
    [], [with_$1=auto])
  have_$1=no
  AS_IF([test "$with_$1" != no], [
    PKG_CHECK_MODULES([$3], [$2 >= $4],
      [have_$1=$($PKG_CONFIG --modversion $2)],
      [AS_IF([test "$with_$1" = yes],
         [AC_MSG_ERROR([$1 was asked for and not found])])])])
  AS_IF([test "$have_$1" != no], [$3_CFLAGS="-DHAVE_$3 $$3_CFLAGS"])
  AM_CONDITIONAL([HAVE_$3], [test "$have_$1" != no])
])

# A module for clang-tidy: the headers of clang-tidy, and a compiler for C++.  It
# works in the version of clang-tidy that it was built for, and in no other.
AC_DEFUN([GRUVI_CHECK_TIDY], [
  AC_ARG_WITH([tidy],
    [AS_HELP_STRING([--without-tidy], [do without gruvi-check, a module for
       clang-tidy])],
    [], [with_tidy=auto])
  have_tidy=no
  AS_IF([test "$with_tidy" != no], [
    AC_PATH_PROGS([CLANG_TIDY], [clang-tidy clang-tidy-19 clang-tidy-14])
    AS_IF([test -n "$CLANG_TIDY" && test -n "$CXX"], [
      gruvi_llvm=`"$CLANG_TIDY" --version |
        $SED -n 's/.*LLVM version \(@<:@0-9@:>@*\).*/\1/p'`
      AC_PATH_PROGS([LLVM_CONFIG], [llvm-config-$gruvi_llvm llvm-config], [],
        [$PATH:/usr/lib/llvm-$gruvi_llvm/bin])
    ])
    AS_IF([test -n "$LLVM_CONFIG"], [
      AC_MSG_CHECKING([for the headers of clang-tidy $gruvi_llvm])
      gruvi_include=`"$LLVM_CONFIG" --includedir`
      AS_CASE([`"$LLVM_CONFIG" --version`], [$gruvi_llvm.*],
        [AS_IF([test -e "$gruvi_include/clang-tidy/ClangTidyModuleRegistry.h"],
           [have_tidy=$gruvi_llvm])])
      TIDY_CXXFLAGS="-isystem $gruvi_include"
      TIDY_CXXFLAGS="$TIDY_CXXFLAGS `"$LLVM_CONFIG" --cxxflags |
        $SED 's,-I@<:@^ @:>@*,,g; s,-std=@<:@^ @:>@*,,'`"
      AC_MSG_RESULT([$have_tidy])])
    AS_IF([test "$with_tidy" = yes && test "$have_tidy" = no],
      [AC_MSG_ERROR([the module for clang-tidy was asked for, and clang-tidy or
         its headers were not found (Debian: clang-tidy, libclang-dev,
         llvm-dev)])])])
  AC_SUBST([TIDY_CXXFLAGS])
  AM_CONDITIONAL([HAVE_TIDY], [test "$have_tidy" != no])
])

# libsystemd tells the service manager when gruvid is ready.
AC_DEFUN([GRUVI_CHECK_SYSTEMD], [
  AC_ARG_WITH([systemd],
    [AS_HELP_STRING([--without-systemd], [do without libsystemd])],
    [], [with_systemd=auto])
  have_systemd=no
  AS_IF([test "$with_systemd" != no], [
    PKG_CHECK_MODULES([SYSTEMD], [libsystemd], [have_systemd=yes],
      [AS_IF([test "$with_systemd" = yes],
         [AC_MSG_ERROR([libsystemd was asked for and not found])])])])
  AS_IF([test "$have_systemd" = yes],
    [AC_DEFINE([HAVE_SYSTEMD], [1], [libsystemd is there.])])
  AM_CONDITIONAL([HAVE_SYSTEMD], [test "$have_systemd" = yes])
  AC_ARG_WITH([systemdsystemunitdir],
    [AS_HELP_STRING([--with-systemdsystemunitdir=DIR],
       [where gruvid.service goes; default PREFIX/lib/systemd/system])],
    [], [with_systemdsystemunitdir='${prefix}/lib/systemd/system'])
  AS_CASE([$with_systemdsystemunitdir],
    [yes], [AC_MSG_ERROR([--with-systemdsystemunitdir wants a folder])],
    [no], [systemdsystemunitdir=],
    [systemdsystemunitdir=$with_systemdsystemunitdir])
  AC_SUBST([systemdsystemunitdir])
  AM_CONDITIONAL([INSTALL_UNIT], [test -n "$systemdsystemunitdir"])
])
