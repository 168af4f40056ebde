/* SPDX-License-Identifier: MIT */
/* A program in C that loads C++ when it runs: exceptions_host MODULE... */
#include <dlfcn.h>
#include <stdio.h>

#include <gruvi.h>

int
main(int argc, char **argv)
{
    gruvi_hub_t *hub = gruvi_get_hub();
    int status = 0;

    for (int i = 1; i < argc; i++) {
        void *module = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        int (*run)(void);

        if (module == NULL ||
            (run = (int (*)(void))dlsym(module, "run_exceptions")) == NULL) {
            puts(dlerror());
            return 2;
        }
        status |= run();
    }
    gruvi_hub_close(hub);
    return status;
}
