/* SPDX-License-Identifier: MIT */
/*
 * Where every aarch64 context begins: the first switch to it jumps here, with
 * the stack pointer aligned to 16 bytes, the entry function in the word that it
 * points to, and a frame pointer of zero.
 *
 * The entry function is given a return address: that of the trap, which belongs
 * to a function whose own return address is declared undefined.  An unwinder
 * that comes here knows that the stack ends.  It is jumped to and not called,
 * because it never returns: the processor would go on expecting that, and
 * mispredict every return of the fiber that runs after this context has ended.
 */
#if defined(__aarch64__)

        .text
        .globl  gruvi__context_start
        .hidden gruvi__context_start
        .type   gruvi__context_start, %function
        .p2align 4
gruvi__context_start:
        .cfi_startproc
        .cfi_undefined x30
#ifdef __ARM_FEATURE_BTI_DEFAULT
        hint    #36             /* bti j */
#endif
        ldr     x16, [sp]
        adr     x30, 1f
        br      x16             /* from x16, as good as a call for BTI */
1:      brk     #1
        .cfi_endproc
        .size   gruvi__context_start, . - gruvi__context_start

        .globl  gruvi__context_lost
        .hidden gruvi__context_lost
        .type   gruvi__context_lost, %function
gruvi__context_lost:
        brk     #1
        .size   gruvi__context_lost, . - gruvi__context_lost

#ifdef __ARM_FEATURE_BTI_DEFAULT
/* Fit for branch target identification; no return address is ever signed
 * here, so that the object fits pointer authentication too. */
        .section .note.gnu.property, "a"
        .p2align 3
        .word   4               /* length of the name */
        .word   16              /* length of the description */
        .word   5               /* NT_GNU_PROPERTY_TYPE_0 */
        .asciz  "GNU"
        .word   0xc0000000      /* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
        .word   4
        .word   3               /* BTI and PAC */
        .word   0
#endif

#endif
        .section .note.GNU-stack, "", %progbits
