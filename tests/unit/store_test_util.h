/* SPDX-License-Identifier: MIT */
/* What the randomized tests of the store share: numbers from a seed, and trials in a child. */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_UTIL_H
#define CAIRN_TESTS_UNIT_STORE_TEST_UTIL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* xorshift64*; any seed will do. */
struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1dULL;
}

static inline struct rng rng_seeded(uint64_t seed)
{
	struct rng r = {(seed + 1) * 0x9e3779b97f4a7c15ULL};

	if (r.state == 0)
		r.state = 1;
	rng_next(&r);
	rng_next(&r);
	return r;
}

/* Evenly from [0, N). */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)((rng_next(r) >> 32) * n >> 32);
}

static inline void rng_fill(struct rng *r, void *to, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t v = rng_next(r);

		memcpy((char *)to + i, &v, len - i < 8 ? len - i : 8);
	}
}

static inline uint64_t env_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

/* Zeroed memory that this process and its children see alike. */
static inline void *shared_memory(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

static inline void child(bool (*fn)(void *ctx), void *ctx, unsigned seconds, bool quiet)
{
	static const int own[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS};

	/* cmocka's handlers would go on with the parent's next test in the child. */
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		signal(own[i], SIG_DFL);
	if (quiet && freopen("/dev/null", "w", stderr) == NULL)
		_exit(43);
	alarm(seconds);
	_exit(fn(ctx) ? 0 : 42);
}

/*
 * Runs FN(CTX) in a child that may crash or hang. "" if FN returned true, "said" if false, else how
 * the child ended.
 */
static inline const char *in_child(bool (*fn)(void *ctx), void *ctx, unsigned seconds, bool quiet)
{
	static char text[64];
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(fn, ctx, seconds, quiet);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return "no child could be run";
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return "";
	if (WIFEXITED(status) && WEXITSTATUS(status) == 42)
		return "said";
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return "it hangs";
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "it died of signal %d", WTERMSIG(status));
	else
		snprintf(text, sizeof(text), "it ended with code %d", WEXITSTATUS(status));
	return text;
}

#endif
