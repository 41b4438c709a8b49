/* SPDX-License-Identifier: MIT */
	.section .rodata
	.balign	8
	.global fuzz_fixed_tree
fuzz_fixed_tree:
	.incbin	FIXED_DTB
	.balign	8
	.section .note.GNU-stack, "", %progbits
