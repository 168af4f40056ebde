/* SPDX-License-Identifier: MIT */
/*
 * Where every x86-64 context ends: the first switch to it jumps to its entry
 * function, with a frame pointer of zero and the stack as after a call.  What
 * would be returned to is this trap, which belongs to a function whose own
 * return address is declared undefined.  An unwinder that comes here knows that
 * the stack ends.  The entry function is jumped to and not called, because it
 * never returns: the processor would go on expecting that, and mispredict every
 * return of the fiber that runs after this context has ended.
 *
 * (An unwinder looks for the instruction before a return address: so there is
 * one.)
 */
#if defined(__x86_64__)

        .text
        .type   gruvi__context_start, @function
        .p2align 4
gruvi__context_start:
        .cfi_startproc
        .cfi_undefined rip
        nop
        .globl  gruvi__context_trap
        .hidden gruvi__context_trap
gruvi__context_trap:
        ud2
        .cfi_endproc
        .size   gruvi__context_start, . - gruvi__context_start

        .globl  gruvi__context_lost
        .hidden gruvi__context_lost
        .type   gruvi__context_lost, @function
gruvi__context_lost:
        ud2
        .size   gruvi__context_lost, . - gruvi__context_lost

#if defined(__CET__) && (__CET__ & 1)
/*
 * Fit for indirect branch tracking, but not for a shadow stack: each context
 * would need one of its own.  One object that says so speaks for all that it
 * is linked with.
 */
        .section .note.gnu.property, "a"
        .p2align 3
        .long   4               /* length of the name */
        .long   16              /* length of the description */
        .long   5               /* NT_GNU_PROPERTY_TYPE_0 */
        .asciz  "GNU"
        .long   0xc0000002      /* GNU_PROPERTY_X86_FEATURE_1_AND */
        .long   4
        .long   1               /* GNU_PROPERTY_X86_FEATURE_1_IBT */
        .long   0
#endif

#endif
        .section .note.GNU-stack, "", @progbits
