/* SPDX-License-Identifier: MIT */
/*
 * Words of a command line and sizes: cases by hand, and random text against models that work on
 * positions of the text as it came instead of cutting it.
 */
#include "tests/unit/boot_test.h"

#include "boot/cmdline.h"
#include "boot/params.h"

#define LINES 40000
#define SIZES 60000

/* ---- words, by hand ------------------------------------------------------------------------- */

/* One parameter that is expected; a NULL name ends a list. */
struct want {
	const char *name, *value;
};

/* Takes LINE apart in memory of exactly its size. */
static void expect_params(const char *line, const struct want *want)
{
	char *copy = strdup(line), *pos = copy;
	struct cmdline_param p;

	assert_non_null(copy);
	for (; want->name; want++) {
		assert_true(cmdline_next(&pos, &p));
		assert_string_equal(p.name, want->name);
		if (want->value)
			assert_string_equal(p.value, want->value);
		else
			assert_null(p.value);
	}
	assert_false(cmdline_next(&pos, &p));
	free(copy);
}

#define EXPECT(line, ...) expect_params(line, (const struct want[]){__VA_ARGS__})
#define END                \
	{                  \
		NULL, NULL \
	}

static void test_words(void **state)
{
	(void)state;
	EXPECT("", END);
	EXPECT("  \t \n", END);
	EXPECT("quiet", {"quiet", NULL}, END);
	EXPECT("mem=64M", {"mem", "64M"}, END);
	EXPECT(" \t a=1 \n\v\f\r  b  c=2 ", {"a", "1"}, {"b", NULL}, {"c", "2"}, END);
}

static void test_equals(void **state)
{
	(void)state;
	EXPECT("mem=", {"mem", ""}, END);
	EXPECT("root=UUID=12", {"root", "UUID=12"}, END);
	EXPECT("a==b", {"a", "=b"}, END);
	/* A word cannot begin with the '=' that ends its name. */
	EXPECT("=", {"=", NULL}, END);
	EXPECT("=a", {"=a", NULL}, END);
	EXPECT("=a=b", {"=a", "b"}, END);
	EXPECT("a = b", {"a", NULL}, {"=", NULL}, {"b", NULL}, END);
}

static void test_quotes(void **state)
{
	(void)state;
	EXPECT("dummy=\"a b mem=64M\" x", {"dummy", "a b mem=64M"}, {"x", NULL}, END);
	EXPECT("\"dummy=a b mem=64M\" x", {"dummy", "a b mem=64M"}, {"x", NULL}, END);
	EXPECT("\"a b\"", {"a b", NULL}, END);
	EXPECT("a=\"\" b", {"a", ""}, {"b", NULL}, END);
	EXPECT("a=\"b c", {"a", "b c"}, END);
	EXPECT("a=\"b\tc\"", {"a", "b\tc"}, END);
	EXPECT("\"", {"", NULL}, END);
	EXPECT("\"\" b", {"", NULL}, {"b", NULL}, END);
	/* Quotes in the middle keep spaces together and stay. */
	EXPECT("a=b\"c d\"e f", {"a", "b\"c d\"e"}, {"f", NULL}, END);
	EXPECT("a\"b c\"=d", {"a\"b c\"", "d"}, END);
	EXPECT("a=\"b\"c\" d\"", {"a", "b\"c\" d"}, END);
	/* One quote at the end goes, for the word or for its value, but not two. */
	EXPECT("\"a=\"b\"\"", {"a", "b\""}, END);
	EXPECT("\"a=\"b\"", {"a", "b"}, END);
	/* No backslash: it is a character like any other. */
	EXPECT("a=\"b\\\" c", {"a", "b\\"}, {"c", NULL}, END);
}

static void test_two_dashes(void **state)
{
	(void)state;
	EXPECT("a -- mem=1M", {"a", NULL}, END);
	EXPECT("-- a", END);
	EXPECT("--a -b - ---", {"--a", NULL}, {"-b", NULL}, {"-", NULL}, {"---", NULL}, END);
	EXPECT("a=-- b", {"a", "--"}, {"b", NULL}, END);
	EXPECT("--=x b", {"--", "x"}, {"b", NULL}, END);
	EXPECT("__ b", {"__", NULL}, {"b", NULL}, END);
	EXPECT("\"a -- b\" c", {"a -- b", NULL}, {"c", NULL}, END);
}

static void test_same_name(void **state)
{
	(void)state;
	assert_true(cmdline_same_name("", ""));
	assert_true(cmdline_same_name("mem", "mem"));
	assert_true(cmdline_same_name("a-b_c", "a_b-c"));
	assert_true(cmdline_same_name("-", "_"));
	assert_false(cmdline_same_name("mem", "me"));
	assert_false(cmdline_same_name("me", "mem"));
	assert_false(cmdline_same_name("mem", "Mem"));
	assert_false(cmdline_same_name("a-b", "a.b"));
	assert_false(cmdline_same_name("a-b", "axb"));
	assert_false(cmdline_same_name("", "a"));
	assert_false(cmdline_same_name("-", ""));
}

/* ---- words, random -------------------------------------------------------------------------- */

/* What a line is expected to give next: pieces of it, [name, name_end) and [value, value_end). */
struct piece {
	size_t name, name_end, value, value_end;
	bool has_value;
};

static bool is_white(char c)
{
	return strchr(" \t\n\v\f\r", c) != NULL; /* the NUL too: a word ends there */
}

/* The model: where the word after AT begins and ends; *AT is where to go on. False: no more. */
static bool model_word(const char *line, size_t *at, size_t *start, size_t *end)
{
	size_t i = *at;
	unsigned quotes = 0;

	while (line[i] && is_white(line[i]))
		i++;
	*start = i;
	for (; line[i]; i++) {
		if (quotes % 2 == 0 && is_white(line[i]))
			break;
		quotes += line[i] == '"';
	}
	*end = *at = i;
	return i > *start;
}

/*
 * The model: a word's own first quote goes, and then the first quote of its value. For either one
 * quote at the word's end goes with it, but only one in all.
 */
static bool model_next(const char *line, size_t *at, struct piece *p)
{
	size_t start, end;
	bool opened = false;

	if (!model_word(line, at, &start, &end))
		return false;
	if (line[start] == '"') {
		start++;
		opened = true;
	}
	*p = (struct piece){.name = start, .name_end = end};
	for (size_t i = start + 1; i < end && !p->has_value; i++) {
		if (line[i] != '=')
			continue;
		p->has_value = true;
		p->name_end = i;
		p->value = i + 1;
		p->value_end = end;
	}
	if (p->has_value && p->value < end && line[p->value] == '"') {
		p->value++;
		opened = true;
	}
	if (opened && line[end - 1] == '"') {
		if (p->has_value && p->value_end > p->value)
			p->value_end--;
		else if (!p->has_value && p->name_end > p->name)
			p->name_end--;
	}
	return p->has_value || p->name_end - p->name != 2 || memcmp(line + p->name, "--", 2) != 0;
}

static bool is_piece(const char *line, size_t from, size_t to, const char *text)
{
	return strlen(text) == to - from && memcmp(line + from, text, to - from) == 0;
}

static bool same_param(const char *line, const struct piece *p, const struct cmdline_param *got)
{
	return is_piece(line, p->name, p->name_end, got->name) &&
	       p->has_value == (got->value != NULL) &&
	       (!got->value || is_piece(line, p->value, p->value_end, got->value));
}

static void compare_line(const char *line)
{
	char *copy = strdup(line), *pos = copy;
	size_t at = 0;
	bool more = true;

	assert_non_null(copy);
	while (more) {
		struct cmdline_param got = {0};
		struct piece want;
		bool same;

		more = model_next(line, &at, &want);
		same = cmdline_next(&pos, &got) == more && (!more || same_param(line, &want, &got));
		if (!same)
			print_error("in {%s}: {%s} {%s}\n", line, got.name ? got.name : "",
				    got.value ? got.value : "(none)");
		assert_true(same);
	}
	free(copy);
}

static void test_random_lines(void **state)
{
	static const char letters[] = "ab\"\"==  \t-_-.";
	char line[48];

	(void)state;
	for (unsigned round = 0; round < LINES; round++) {
		uint32_t n = random_below(sizeof(line));

		for (uint32_t i = 0; i < n; i++)
			line[i] = letters[random_below(sizeof(letters) - 1)];
		line[n] = '\0';
		compare_line(line);
	}
	printf("boot: %u random command lines as the model\n", LINES);
}

/* Bytes above 127 are characters of a word, and nothing is read behind the end. */
static void test_random_bytes(void **state)
{
	char line[64];

	(void)state;
	for (unsigned round = 0; round < LINES / 4; round++) {
		uint32_t n = random_below(sizeof(line));

		for (uint32_t i = 0; i < n; i++)
			line[i] = (char)(1 + random_below(255));
		line[n] = '\0';
		compare_line(line);
	}
}

/* ---- taking parameters out ------------------------------------------------------------------ */

static void expect_dropped(const char *text, const char *wanted)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	cmdline_drop(copy, "c.");
	assert_string_equal(copy, wanted);
	free(copy);
}

static void test_drop(void **state)
{
	(void)state;
	expect_dropped("", "");
	expect_dropped("  ", "");
	expect_dropped("c.a", "");
	expect_dropped(" a  b ", "a b");
	expect_dropped("c.a b c.c=\"d e\" f", "b f");
	expect_dropped("c a.c. cc. c.", "c a.c. cc.");
	expect_dropped("\"c.a b\" \"d c.e\"", "\"d c.e\"");
	expect_dropped("a=\"b  c\"  d", "a=\"b  c\" d");
	expect_dropped("a c.b=\"c d", "a");
	expect_dropped("c.a -- c.b  c", "-- c.b  c");
	expect_dropped("a  \"--\" c.b", "a \"--\" c.b");
	expect_dropped("--a c.b --", "--a --");
}

/* The parameters that are left are those of the line that have another name, and what is behind
 * "--" stays. */
static void test_drop_random(void **state)
{
	static const char letters[] = "ac.c.c.\"\"==  \t-- ";
	char line[48], left[48], *from, *to;

	(void)state;
	for (unsigned round = 0; round < LINES; round++) {
		uint32_t n = random_below(sizeof(line));
		struct cmdline_param a, b;
		bool more;

		for (uint32_t i = 0; i < n; i++)
			line[i] = letters[random_below(sizeof(letters) - 1)];
		line[n] = '\0';
		cmdline_drop(strcpy(left, line), "c.");
		from = line;
		to = left;
		do {
			do
				more = cmdline_next(&from, &a);
			while (more && !strncmp(a.name, "c.", 2));
			assert_int_equal(cmdline_next(&to, &b), more);
			assert_true(!more || !strcmp(a.name, b.name));
			assert_true(!more || !a.value == !b.value);
			assert_true(!more || !a.value || !strcmp(a.value, b.value));
		} while (more);
		if (from[strspn(from, " \t")])
			assert_string_equal(from, to);
	}
}

/* ---- sizes ---------------------------------------------------------------------------------- */

static void expect_size(const char *text, uint64_t wanted, const char *rest)
{
	char *copy = strdup(text);
	const char *end = NULL;
	uint64_t value = 0;

	assert_non_null(copy);
	assert_true(cmdline_size(copy, &value, &end));
	assert_true(value == wanted);
	assert_string_equal(end, rest);
	free(copy);
}

static void expect_no_size(const char *text)
{
	const char *end;
	uint64_t value;

	assert_false(cmdline_size(text, &value, &end));
}

static void test_bases(void **state)
{
	(void)state;
	expect_size("0", 0, "");
	expect_size("00", 0, "");
	expect_size("1234567890", 1234567890, "");
	expect_size("0x60000000", 0x60000000, "");
	expect_size("0X6aBcDeF0", 0x6abcdef0, "");
	expect_size("010", 8, "");
	expect_size("0777", 0777, "");
	expect_size("07778", 0777, "8");
	expect_size("08", 0, "8");
	expect_size("0x", 0, "x");
	expect_size("0xg", 0, "xg");
	expect_size("0xK", 0, "xK");
	expect_size("12ab", 12, "ab");
}

static void test_suffixes(void **state)
{
	static const char suffixes[] = "KMGTPE";
	char text[8];

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		snprintf(text, sizeof(text), "3%c", suffixes[i]);
		expect_size(text, 3ULL << (10 * (i + 1)), "");
		snprintf(text, sizeof(text), "3%c,", suffixes[i] | 0x20);
		expect_size(text, 3ULL << (10 * (i + 1)), ",");
	}
	expect_size("0x1E", 0x1e, ""); /* a digit before it is a suffix */
	expect_size("0x1K", 1024, "");
	expect_size("010K", 8192, "");
	expect_size("1KK", 1024, "K");
	expect_size("64MB", 64 << 20, "B");
	expect_size("5Z", 5, "Z");
	expect_size("5 K", 5, " K");
	expect_size("1M@0x60000000", 1 << 20, "@0x60000000");
	expect_size("0K", 0, "");
}

static void test_no_size(void **state)
{
	(void)state;
	expect_no_size("");
	expect_no_size("junk");
	expect_no_size("K");
	expect_no_size("-1");
	expect_no_size("+1");
	expect_no_size(" 1");
	expect_no_size("x10");
	expect_no_size("@1");
}

static void test_size_overflow(void **state)
{
	(void)state;
	expect_size("18446744073709551615", UINT64_MAX, "");
	expect_no_size("18446744073709551616");
	expect_no_size("99999999999999999999999");
	expect_size("0xffffffffffffffff", UINT64_MAX, "");
	expect_no_size("0x10000000000000000");
	expect_size("01777777777777777777777", UINT64_MAX, "");
	expect_no_size("02000000000000000000000");
	expect_size("15E", 15ULL << 60, "");
	expect_no_size("16E");
	expect_size("18014398509481983K", 18014398509481983ULL << 10, "");
	expect_no_size("18014398509481984K");
	expect_size("0x0000000000000000000000000000001", 1, "");
}

/* The model: digits one by one in 128 bits, which never grow past what is checked. */
static bool model_size(const char *text, uint64_t *value, size_t *taken)
{
	static const char digits[] = "00112233445566778899aAbBcCdDeEfF";
	static const char suffixes[] = "kKmMgGtTpPeE";
	bool hex = text[0] == '0' && text[1] && strchr("xX", text[1]) && text[2] &&
		   strchr(digits, text[2]);
	int base = hex ? 16 : text[0] == '0' ? 8 : 10;
	size_t i = hex ? 2 : 0, first = i;
	unsigned __int128 v = 0;
	const char *d;

	for (; text[i] && (d = strchr(digits, text[i])) && (d - digits) / 2 < base; i++) {
		v = v * (unsigned)base + (unsigned)((d - digits) / 2);
		if (v > UINT64_MAX)
			return false;
	}
	if (i == first)
		return false;
	d = text[i] ? strchr(suffixes, text[i]) : NULL;
	for (long n = d ? (d - suffixes) / 2 + 1 : 0; n > 0; n--)
		v *= 1024;
	*taken = i + (d != NULL);
	*value = (uint64_t)v;
	return v <= UINT64_MAX;
}

static void random_size(char *text, size_t room)
{
	static const char *const formats[] = {"%" PRIu64, "0x%" PRIx64, "0%" PRIo64, "0X%" PRIX64};
	static const char tails[] = "kKmMgGtTpPeEzxX@, 089";
	uint64_t v = ((uint64_t)random_below(UINT32_MAX) << 32 | random_below(UINT32_MAX)) >>
		     random_below(64);
	int n = snprintf(text, room, formats[random_below(4)], v);

	for (uint32_t i = random_below(3); i > 0; i--)
		text[n++] = tails[random_below(sizeof(tails) - 1)];
	text[n] = '\0';
	if (random_below(4) == 0)
		text[random_below((uint32_t)n + 1)] = tails[random_below(sizeof(tails) - 1)];
}

static void test_random_sizes(void **state)
{
	(void)state;
	for (unsigned round = 0; round < SIZES; round++) {
		char text[64] = "";
		const char *end;
		uint64_t got = 0, wanted = 0;
		size_t taken = 0;
		bool ok, same;

		random_size(text, sizeof(text) - 4);
		ok = model_size(text, &wanted, &taken);
		same = cmdline_size(text, &got, &end) == ok &&
		       (!ok || (got == wanted && end == text + taken));
		if (!same)
			print_error("{%s}: 0x%" PRIx64 ", expected 0x%" PRIx64 "\n", text, got,
				    wanted);
		assert_true(same);
	}
	printf("boot: %u random sizes as the model\n", SIZES);
}

/* ---- who gets which parameter --------------------------------------------------------------- */

static char calls[256];

static void note_call(const char *what, const char *value)
{
	size_t n = strlen(calls);

	snprintf(calls + n, sizeof(calls) - n, "%s=%s ", what, value ? value : "(none)");
}

static void set_one(struct boot *b, const char *value)
{
	assert_ptr_equal(b, &boot);
	note_call("one", value);
}

static void set_two(struct boot *b, const char *value)
{
	assert_ptr_equal(b, &boot);
	note_call("two", value);
}

static void unknown(const char *name)
{
	note_call("unknown", name);
}

static void test_params_in_order(void **state)
{
	static const struct param table[] = {{"a-b", set_one}, {"c_d", set_two}};
	static const char cmdline[] = "c-d=2 x a_b a-b=\"1 3\" a=b c_d= -- a-b=5";

	(void)state;
	calls[0] = '\0';
	strcpy(boot.cmdline, cmdline);
	params_each(&boot, table, ARRAY_SIZE(table), unknown);
	assert_string_equal(calls, "two=2 unknown=x one=(none) one=1 3 unknown=a two= ");
	assert_string_equal(boot.cmdline, cmdline);
	params_each(&boot, table, 0, NULL);
}

static void test_init_and_semihosting(void **state)
{
	char longest[BOOT_INIT_MAX];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	strcpy(boot.cmdline, "cairn.init=\"put a b; ls\" cairn.semihosting");
	params_memory(&boot);
	assert_string_equal(boot.init, "put a b; ls");
	assert_false(boot.exit_on_panic);
	params_early(&boot);
	assert_true(boot.exit_on_panic);
	strcpy(boot.cmdline, "cairn.semihosting=0");
	params_early(&boot);
	assert_false(boot.exit_on_panic);
	strcpy(boot.cmdline, "cairn_semihosting=1 cairn.semihosting=1 mem=junk");
	params_early(&boot);
	assert_true(boot.exit_on_panic);
	snprintf(boot.cmdline, sizeof(boot.cmdline), "cairn.init=%s", longest);
	params_memory(&boot);
	assert_string_equal(boot.init, longest);
	assert_quiet();
	snprintf(boot.cmdline, sizeof(boot.cmdline), "cairn.init=y%s", longest);
	params_memory(&boot);
	assert_string_equal(boot.init, longest);
	assert_said("at most 511 characters: ignored");
	strcpy(boot.cmdline, "cairn.init");
	params_memory(&boot);
	assert_lines(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),         cmocka_unit_test(test_equals),
		cmocka_unit_test(test_quotes),        cmocka_unit_test(test_two_dashes),
		cmocka_unit_test(test_same_name),     cmocka_unit_test(test_drop),
		cmocka_unit_test(test_drop_random),   cmocka_unit_test(test_random_lines),
		cmocka_unit_test(test_random_bytes),  cmocka_unit_test(test_bases),
		cmocka_unit_test(test_suffixes),      cmocka_unit_test(test_no_size),
		cmocka_unit_test(test_size_overflow), cmocka_unit_test(test_random_sizes),
		BOOT_TEST(test_params_in_order),      BOOT_TEST(test_init_and_semihosting),
	};

	return cmocka_run_group_tests_name("boot_cmdline", tests, NULL, NULL);
}
