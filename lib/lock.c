/* SPDX-License-Identifier: MIT */
#include "lib/lock.h"

#include <errno.h>

#include "lib/spin.h"

/*
 * Bits 0 to 7: the ticket to draw. Bits 8 to 15: the ticket that is served, whose owner has the
 * lock; if it is the one to draw, the lock is free. Bit 16 + N: the ticket N behind the served one
 * was given back; bit 16 itself is never set. Tickets count modulo 256.
 */
#define TICKET_MASK 0xffu
#define SERVED_SHIFT 8
#define GONE_SHIFT 16

static uint32_t next_ticket(uint32_t word)
{
	return word & TICKET_MASK;
}

static uint32_t served_ticket(uint32_t word)
{
	return word >> SERVED_SHIFT & TICKET_MASK;
}

static uint32_t make_word(uint32_t next, uint32_t served, uint32_t gone)
{
	return (next & TICKET_MASK) | (served & TICKET_MASK) << SERVED_SHIFT | gone << GONE_SHIFT;
}

/* How far TICKET is behind the served one of WORD; 0: it is the one. */
static uint32_t behind(uint32_t word, uint32_t ticket)
{
	return (ticket - served_ticket(word)) & TICKET_MASK;
}

/* Draws a ticket into *TICKET; false if all are drawn. */
static bool draw(struct lock *lock, uint32_t *ticket)
{
	uint32_t word = atomic_load_explicit(&lock->word, memory_order_relaxed);

	do {
		*ticket = next_ticket(word);
		if (behind(word, *ticket) == LOCK_TICKETS)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&lock->word, &word, make_word(*ticket + 1, served_ticket(word), word >> GONE_SHIFT),
		memory_order_acquire, memory_order_relaxed));
	return true;
}

/* Gives TICKET back before its turn; false if its turn has come meanwhile. */
static bool give_back(struct lock *lock, uint32_t ticket)
{
	uint32_t word = atomic_load_explicit(&lock->word, memory_order_acquire);

	do {
		if (!behind(word, ticket))
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&lock->word, &word, word | 1u << (GONE_SHIFT + behind(word, ticket)),
		memory_order_acquire, memory_order_acquire));
	return true;
}

/* lock_take() where somebody else was first. */
static int wait_for_turn(struct lock *lock, uint32_t ticket, struct deadline *late)
{
	while (behind(atomic_load_explicit(&lock->word, memory_order_acquire), ticket))
		if (spin_over(late) && give_back(lock, ticket))
			return -ETIMEDOUT;
	return 0;
}

int lock_take(struct lock *lock, uint64_t ns)
{
	struct deadline late;
	uint32_t ticket;
	bool drawn = draw(lock, &ticket);

	if (drawn && !behind(atomic_load_explicit(&lock->word, memory_order_acquire), ticket))
		return 0;
	late = deadline_after(ns);
	while (!drawn) {
		if (deadline_passed(&late))
			return -ETIMEDOUT;
		spin_rest();
		drawn = draw(lock, &ticket);
	}
	return wait_for_turn(lock, ticket, &late);
}

void lock_give(struct lock *lock)
{
	uint32_t word = atomic_load_explicit(&lock->word, memory_order_relaxed), gone, served;

	do {
		served = served_ticket(word) + 1;
		for (gone = word >> (GONE_SHIFT + 1); gone & 1; gone >>= 1)
			served++;
	} while (!atomic_compare_exchange_weak_explicit(
		&lock->word, &word, make_word(next_ticket(word), served, gone),
		memory_order_release, memory_order_relaxed));
}
