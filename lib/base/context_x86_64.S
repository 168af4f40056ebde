/* SPDX-License-Identifier: MIT */
/*
 * Where every x86-64 context begins: the first switch to it jumps here, with
 * the stack pointer aligned to 16 bytes, the entry function in the word that it
 * points to, and a frame pointer of zero.
 *
 * The entry function is given a return address: that of the trap, which belongs
 * to a function whose own return address is declared undefined.  An unwinder
 * that comes here knows that the stack ends.  It is jumped to and not called,
 * because it never returns: the processor would go on expecting that, and
 * mispredict every return of the fiber that runs after this context has ended.
 */
#if defined(__x86_64__)

        .text
        .globl  gruvi__context_start
        .hidden gruvi__context_start
        .type   gruvi__context_start, @function
        .p2align 4
gruvi__context_start:
        .cfi_startproc
        .cfi_undefined rip
#if defined(__CET__) && (__CET__ & 1)
        endbr64
#endif
        movq    (%rsp), %rax
        leaq    1f(%rip), %rcx
        pushq   %rcx
        jmp     *%rax
1:      ud2
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
