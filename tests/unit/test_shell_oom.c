/* SPDX-License-Identifier: MIT */
/* The commands oom and arena, on a board of 64 pages with a simulated MMU. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "mm/overcommit.h"
#include "shell/shell.h"
#include "tests/unit/arena_test.h"

#define UNUSED __attribute__((unused))
#define PAGES 64

static struct shell_env env;
static char out[8192];

static void write_out(void *ctx UNUSED, const char *text, size_t len)
{
	size_t used = strlen(out);

	assert_true(used + len < sizeof(out));
	memcpy(out + used, text, len);
	out[used + len] = '\0';
}

/* ---- other cores: each runs its job when it is waited for ---- */

static struct {
	long (*fn)(void *arg);
	void *arg;
	int answer; /* to a job that it is given */
	bool hangs, done;
} cores[4];

static bool describe(unsigned core, char *text, size_t size)
{
	snprintf(text, size, "core");
	return core < 3;
}

static int give(unsigned core, long (*fn)(void *arg), void *arg)
{
	if (core > 2 || cores[core].answer)
		return core > 2 ? -EINVAL : cores[core].answer;
	cores[core].fn = fn;
	cores[core].arg = arg;
	return 0;
}

static int wait(unsigned core, uint32_t ms UNUSED, long *result)
{
	if (cores[core].hangs)
		return -ETIMEDOUT;
	board.core = core;
	*result = cores[core].fn(cores[core].arg);
	board.core = 0;
	cores[core].done = true;
	return 0;
}

static const struct shell_cores shell_cores = {
	.max = 4, .describe = describe, .give = give, .wait = wait};

static int setup(void **state UNUSED)
{
	start_arenas(PAGES, NULL);
	overcommit_set(OVERCOMMIT_GUESS, OVERCOMMIT_RATIO);
	memset(cores, 0, sizeof(cores));
	env = (struct shell_env){.write = write_out, .cores = &shell_cores};
	return 0;
}

static int run(const char *line)
{
	out[0] = '\0';
	return shell_run(&env, line);
}

static void answers(const char *line, const char *expected)
{
	assert_int_equal(run(line), 0);
	assert_string_equal(out, expected);
}

static void refused(const char *line, const char *expected)
{
	assert_int_equal(run(line), -1);
	assert_string_equal(out, expected);
}

#define OOM_USAGE "usage: oom tasks|score NAME|adj NAME [V]|score_adj NAME [V]|kill NAME\n"
#define ARENA_USAGE "usage: arena [new NAME SIZE [PARENT]|touch NAME BYTES [CORE|all]|free NAME]\n"

static void usage(void **state UNUSED)
{
	static const char *const oom[] = {"oom",           "oom x",           "oom tasks x",
					  "oom score",     "oom adj",         "oom kill",
					  "oom score_adj", "oom score web 5", "oom kill web 1",
					  "oom x web",     "oom x web 1"};
	static const char *const arena[] = {"arena x",          "arena new",       "arena new x",
					    "arena touch",      "arena touch web", "arena free",
					    "arena free web 1", "arena x web 1"};

	run("arena new web 4K");
	for (size_t i = 0; i < ARRAY_SIZE(oom); i++)
		refused(oom[i], OOM_USAGE);
	for (size_t i = 0; i < ARRAY_SIZE(arena); i++)
		refused(arena[i], ARENA_USAGE);
}

static void scores_read_back(void **state UNUSED)
{
	run("arena new web 4K");
	answers("oom adj web 9", "oom_adj 8 oom_score_adj 529\n");
	answers("oom adj web", "oom_adj 8 oom_score_adj 529\n");
	answers("oom adj web 8", "oom_adj 7 oom_score_adj 470\n");
	answers("oom adj web 15", "oom_adj 15 oom_score_adj 1000\n");
	answers("oom adj web -17", "oom_adj -17 oom_score_adj -1000\n");
	answers("oom score_adj web 529", "oom_adj 8 oom_score_adj 529\n");
	answers("oom score_adj web -1000", "oom_adj -17 oom_score_adj -1000\n");
	answers("oom score_adj web 0x10", "oom_adj 0 oom_score_adj 16\n");
	answers("oom score_adj web", "oom_adj 0 oom_score_adj 16\n");
	assert_int_equal(task_find("web")->oom_score_adj, 16);
	answers("oom score_adj web -0", "oom_adj 0 oom_score_adj 0\n");
}

static void bad_values_change_nothing(void **state UNUSED)
{
	static const char *const adj[] = {"16", "-18", "", "-", "--1", "1x", "9223372036854775808"};
	static const char *const score[] = {"1001", "-1001", "x", "+1", "99999999999999999999"};
	char line[64], said[128];

	run("arena new web 4K; oom adj web 9");
	for (size_t i = 0; i < ARRAY_SIZE(adj); i++) {
		snprintf(line, sizeof(line), "oom adj web '%s'", adj[i]);
		snprintf(said, sizeof(said), "V is \"%s\": a number from -17 to 15 was expected\n",
			 adj[i]);
		refused(line, said);
	}
	for (size_t i = 0; i < ARRAY_SIZE(score); i++) {
		snprintf(line, sizeof(line), "oom score_adj web '%s'", score[i]);
		snprintf(said, sizeof(said),
			 "V is \"%s\": a number from -1000 to 1000 was expected\n", score[i]);
		refused(line, said);
	}
	answers("oom adj web", "oom_adj 8 oom_score_adj 529\n");
	refused("oom adj wob 1",
		"oom: there is no task \"wob\": oom tasks lists those that there are\n");
	refused("oom kill '\x01'",
		"oom: there is no task \"\\x01\": oom tasks lists those that there are\n");
}

static void tasks_and_scores(void **state UNUSED)
{
	run("arena new web 64K; arena new pub 8K web; arena touch web 16K");
	assert_int_equal(task_total_pages(), 59);
	answers("oom score web", "oom_score 722\n"); /* (1000 + 5 * 1000 / 59) * 2 / 3 */
	answers("oom score pub", "oom_score 666\n"); /* it has nothing yet */
	answers("oom tasks",
		"  pid  ppid  total_vm kB     rss kB  pgtables kB  oom_score_adj  oom_score  name\n"
		"    1     0           64         16            4              0        722  web\n"
		"    2     1            8          0            0              0        666  pub\n"
		"236 kB are free or would be given back, 216 kB are free\n");
}

static void an_arena_comes_and_goes(void **state UNUSED)
{
	note_lists();
	answers("arena", "arena: there are none\n");
	answers("arena new web 10k", "arena new: web, 12288 bytes at 0x60200000\n");
	answers("arena", "0x60200000..0x60202fff       12 kB, 0 kB touched, tables 0 kB  web\n");
	answers("arena touch web 8K", "arena touch: web, 8192 bytes\n");
	answers("arena", "0x60200000..0x60202fff       12 kB, 8 kB touched, tables 4 kB  web\n");
	refused("arena touch web 3M", "arena touch: web: it is not as large\n");
	answers("arena free web", "arena free: web is gone, 12 kB given back\n");
	same_lists();
	refused("arena free web",
		"arena free: there is no task \"web\": oom tasks lists those that there are\n");
	refused("arena touch web 1",
		"arena touch: there is no task \"web\": oom tasks lists those that there are\n");
	run("arena new web 4K");
	answers("oom kill web", "oom kill: web is gone, 0 kB given back\n");
	same_lists();
}

static void arenas_that_are_refused(void **state UNUSED)
{
	run("arena new web 4K");
	refused("arena new web 4K", "arena new: web: there is one already\n");
	refused("arena new 'a b' 4K",
		"arena new: a b: a name has 1 to 15 printable characters, no spaces\n");
	refused("arena new sixteen-letters! 4K", "arena new: sixteen-letters!: a name has 1 to 15 "
						 "printable characters, no spaces\n");
	refused("arena new pub 4X", "SIZE is \"4X\": a size such as 64M was expected\n");
	refused("arena new pub 0", "SIZE is \"0\": a size such as 64M was expected\n");
	refused("arena new pub 4K wob",
		"arena new: there is no task \"wob\": oom tasks lists those that there are\n");
	refused("arena new pub 1G", "arena new: pub: so much cannot be promised: dmesg says why\n");
	assert_null(task_find("pub"));
	overcommit_set(OVERCOMMIT_ALWAYS, 0);
	refused("arena new pub 4G", "arena new: pub: there is no address space for it, or there "
				    "are too many arenas\n");
	assert_null(task_find("pub"));
	refused("arena touch web 0", "BYTES is \"0\": a size such as 64M was expected\n");
}

static void a_task_without_an_arena(void **state UNUSED)
{
	static struct pages p;

	add_task(&p, "pages", NULL, 3, 0);
	answers("arena", "arena: there are none\n");
	refused("arena touch pages 1", "arena touch: pages has no arena\n");
	refused("arena free pages", "arena free: pages has no arena\n");
	p.answer = -EAGAIN;
	refused("oom kill pages", "oom kill: pages: not all of it can be given back now\n");
	assert_int_equal(run("oom tasks"), 0);
	assert_non_null(strstr(out, "  pages (being removed)\n"));
	p.answer = 0;
	answers("oom kill pages", "oom kill: pages is gone, 12 kB given back\n");
}

static void tasks_that_stay(void **state UNUSED)
{
	static struct pages boot, spare;

	add_task(&boot, "boot", NULL, 3, 0)->flags = TASK_UNKILLABLE;
	add_task(&spare, "spare", NULL, 2, 0)->flags = TASK_STAYS;
	refused("oom kill boot", "oom kill: boot: it has to stay\n");
	answers("oom kill spare", "oom kill: spare stays, 8 kB given back\n");
	answers("oom score boot", "oom_score 0\n");
	assert_int_equal(run("oom tasks"), 0);
	assert_non_null(strstr(out, "  boot (never removed)\n"));
}

/* Touched by other cores: one, all, one that is late, one that is not there. */
static void other_cores(void **state UNUSED)
{
	run("arena new web 64K");
	answers("arena touch web 4K 1", "arena touch: web, 4096 bytes\n");
	assert_true(cores[1].done);
	assert_false(cores[2].done);
	answers("arena touch web 8K all", "arena touch: web, 8192 bytes\n");
	assert_true(cores[2].done);
	answers("arena", "0x60200000..0x6020ffff       64 kB, 8 kB touched, tables 4 kB  web\n");
	refused("arena touch web 4K 3", "arena touch: core 3 is not online\n");
	refused("arena touch web 4K 4", "CORE is \"4\": a number from 0 to 3 was expected\n");
	cores[2].answer = -EBUSY;
	refused("arena touch web 4K 2",
		"arena touch: core 2 is still busy with the work of before\n");
	cores[1].hangs = true;
	refused("arena touch web 4K 1",
		"arena touch: core 1 gave no answer in time: it is still at it\n");
	refused("arena touch web 4K", "arena touch: a core is still at the work of before\n");
	cores[1].fn(cores[1].arg); /* it ends */
	answers("arena touch web 4K", "arena touch: web, 4096 bytes\n");
	cores[1].hangs = false;
	refused("arena touch web 4K all",
		"arena touch: core 2 is still busy with the work of before\n");
	env.cores = NULL;
	answers("arena touch web 4K 0", "arena touch: web, 4096 bytes\n");
	answers("arena touch web 4K all", "arena touch: web, 4096 bytes\n");
	refused("arena touch web 4K 1", "CORE is \"1\": a number from 0 to 0 was expected\n");
}

/* What is touched is more than there is: the one that touches goes, being the worst. */
static void memory_runs_out(void **state UNUSED)
{
	overcommit_set(OVERCOMMIT_ALWAYS, 0);
	run("arena new web 1M");
	refused("arena touch web 1M",
		"arena touch: web: removed to make room: dmesg has the report\n");
	assert_null(task_find("web"));
	assert_non_null(strstr(board.kept, "Out of memory: Killed process 1 (web)"));
}

static void the_lock_is_not_to_be_had(void **state UNUSED)
{
	static const char *const lines[] = {"oom tasks", "arena", "arena touch web 4K", "meminfo"};

	run("arena new web 4K");
	board.core = 1;
	assert_int_equal(task_lock(), 0);
	board.core = 0;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(run(lines[i]), -1);
		assert_non_null(
			strstr(out, ": another core has been busy with the tasks for too long\n"));
	}
	board.core = 1;
	task_unlock();
	board.core = 0;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(run(lines[i]), 0);
	board.core = 2; /* nobody has kept it */
	assert_int_equal(task_lock(), 0);
	task_unlock();
}

#define OOM_TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OOM_TEST(usage),
		OOM_TEST(scores_read_back),
		OOM_TEST(bad_values_change_nothing),
		OOM_TEST(tasks_and_scores),
		OOM_TEST(an_arena_comes_and_goes),
		OOM_TEST(arenas_that_are_refused),
		OOM_TEST(a_task_without_an_arena),
		OOM_TEST(tasks_that_stay),
		OOM_TEST(other_cores),
		OOM_TEST(memory_runs_out),
		OOM_TEST(the_lock_is_not_to_be_had),
	};

	return cmocka_run_group_tests_name("shell oom", tests, NULL, NULL);
}
