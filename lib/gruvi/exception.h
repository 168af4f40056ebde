/* SPDX-License-Identifier: MIT */
/*
 * C++ exceptions and fibers.
 *
 * A fiber has its own exceptions, as a thread has: it may wait in a catch
 * block, or in a destructor that runs because of an exception.  An exception
 * that leaves the function of a fiber, a handler of gruvi_serve(), or work of a
 * pool ends that function with UV_UNKNOWN, and a line in the log says what() it
 * said.
 *
 * There is nothing to call.  This header tells the library of the C++ runtime
 * that its includer is linked with, when the program starts or when the module
 * is loaded: libgruvi itself is linked with none.
 */
#ifndef GRUVI_EXCEPTION_H
#define GRUVI_EXCEPTION_H

#include <gruvi/base.h>

GRUVI_BEGIN_DECLS

/* Behind this header and gruvid; do not use. */

/* A C++ runtime, as a source file sees it. */
typedef struct gruvi__cxx {
    struct gruvi__cxx *next;
    /* __cxa_get_globals() */
    void *(*globals)(void);
    /* Catch the exception and end it; what it says goes to text. */
    void (*finish)(void *exception, char *text, size_t size);
} gruvi__cxx_t;

GRUVI_API void gruvi__cxx_add(gruvi__cxx_t *runtime);
GRUVI_API void gruvi__cxx_remove(gruvi__cxx_t *runtime);

/* Look for a runtime in what dlopen() has returned. */
GRUVI_API void gruvi__cxx_find(void *handle);

/* Call fn; where an exception leaves it, UV_UNKNOWN. */
GRUVI_API int gruvi__guard(int (*fn)(void *arg), void *arg);

GRUVI_END_DECLS

#if defined(__cplusplus) && defined(__EXCEPTIONS)

#include <cstdio>
#include <cstdlib>
#include <cxxabi.h>
#include <exception>
#include <typeinfo>

/* By another name, because some <cxxabi.h> declare it and some do not. */
extern "C" void *gruvi__cxa_get_globals(void) __asm__("__cxa_get_globals");

/* In each file of its own, because each may be linked with another runtime. */
namespace {

void
gruvi__cxx_finish(void *exception, char *text, size_t size)
{
    abi::__cxa_begin_catch(exception);
    try {
        throw;
    } catch (const std::exception &e) {
        std::snprintf(text, size, "%s", e.what());
    } catch (...) {
        const std::type_info *type = abi::__cxa_current_exception_type();
        char *name =
            type == nullptr
                ? nullptr
                : abi::__cxa_demangle(type->name(), nullptr, nullptr, nullptr);

        std::snprintf(text, size, "of type %s",
                      name == nullptr ? "unknown" : name);
        std::free(name);
    }
    abi::__cxa_end_catch();
}

gruvi__cxx_t gruvi__cxx_here = {nullptr, gruvi__cxa_get_globals,
                                gruvi__cxx_finish};

__attribute__((constructor)) void
gruvi__cxx_begin(void)
{
    gruvi__cxx_add(&gruvi__cxx_here);
}

__attribute__((destructor)) void
gruvi__cxx_end(void)
{
    gruvi__cxx_remove(&gruvi__cxx_here);
}

} // namespace

#endif

#endif
