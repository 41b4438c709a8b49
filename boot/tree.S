/* SPDX-License-Identifier: MIT */
/* The tree that the image carries, for a loader that hands over none. */
	.section .rodata.tree, "a"
	.balign	8
	.global __linked_in_tree
__linked_in_tree:
	.incbin	BOARD_DTB
	.balign	8
