/* SPDX-License-Identifier: MIT */
/*
 * Every key leaves the screen as it found it: the prompt, the line, and the terminal's cursor where
 * l->cursor is. Only a character of which bytes are missing delays that (see insert()).
 */
#include "shell/line.h"

#include <stdio.h>
#include <string.h>

#define CTRL(letter) ((letter)&0x1f)
#define ESC 0x1b
#define DEL 0x7f
#define SEQUENCE_MAX 16 /* bytes behind ESC [ before it is taken for garbage; real ones have 6 */

/* Keys that are no byte. */
enum {
	KEY_END_OF_INPUT = -1,
	KEY_NONE = 0,
	KEY_UP = 256,
	KEY_DOWN,
	KEY_RIGHT,
	KEY_LEFT,
	KEY_HOME,
	KEY_END,
	KEY_DELETE,
};

/* Input. */

static int next_byte(struct line *l)
{
	int c;
	bool second_half;

	if (l->has_pushed) {
		l->has_pushed = false;
		return l->pushed;
	}
	do {
		c = l->read(l->ctx);
		second_half = c == '\n' && l->after_cr;
		l->after_cr = c == '\r';
	} while (second_half);
	return c < 0 ? KEY_END_OF_INPUT : c & 0xff;
}

/* Ends a sequence at C, which cannot be part of one: it will be read as a key of its own. */
static int push_back(struct line *l, int c)
{
	l->pushed = c;
	l->has_pushed = true;
	return KEY_NONE;
}

static bool is_ascii_text(int c)
{
	return c >= ' ' && c < DEL;
}

/*
 * The key of a sequence that ends in LAST and has NUMBER as its first parameter, which tells keys
 * apart that end in '~'; elsewhere it is part of what Shift, Alt and Control say.
 */
static int sequence_key(int last, int number)
{
	static const struct {
		char last, number;
		short key;
	} keys[] = {
		{'A', 0, KEY_UP},   {'B', 0, KEY_DOWN}, {'C', 0, KEY_RIGHT},  {'D', 0, KEY_LEFT},
		{'H', 0, KEY_HOME}, {'F', 0, KEY_END},  {'~', 1, KEY_HOME},   {'~', 7, KEY_HOME},
		{'~', 4, KEY_END},  {'~', 8, KEY_END},  {'~', 3, KEY_DELETE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].last == last && (last != '~' || keys[i].number == number))
			return keys[i].key;
	return KEY_NONE;
}

/* What stands behind ESC [: parameters, and one byte from '@' on that ends them. */
static int read_csi(struct line *l)
{
	bool first = true, linux_console = false;
	int number = 0;

	for (int n = 0; n < SEQUENCE_MAX; n++) {
		int c = next_byte(l);

		if (!is_ascii_text(c))
			return push_back(l, c);
		if (n == 0 && c == '[') { /* ESC [ [ A: F1 of a Linux console */
			linux_console = true;
			continue;
		}
		if (c >= '@')
			return linux_console ? KEY_NONE : sequence_key(c, number);
		first = first && c >= '0' && c <= '9';
		if (first && number < 100)
			number = number * 10 + (c - '0');
	}
	return KEY_NONE;
}

static int read_key(struct line *l)
{
	int c = next_byte(l);

	if (c != ESC)
		return c;
	c = next_byte(l);
	if (c == '[')
		return read_csi(l);
	if (c == 'O') {
		c = next_byte(l);
		return is_ascii_text(c) ? sequence_key(c, 0) : push_back(l, c);
	}
	return is_ascii_text(c) ? KEY_NONE : push_back(l, c);
}

/* Output. */

static void show(struct line *l, const char *text, size_t len)
{
	if (len)
		l->write(l->ctx, text, len);
}

static void show_text(struct line *l, const char *text)
{
	show(l, text, strlen(text));
}

/* N of the bytes that CHUNK, 16 of one kind, is made of. */
static void show_many(struct line *l, const char *chunk, size_t n)
{
	for (; n > 16; n -= 16)
		show(l, chunk, 16);
	show(l, chunk, n);
}

static void go_left(struct line *l, size_t columns)
{
	show_many(l, "\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b", columns);
}

static void show_blanks(struct line *l, size_t columns)
{
	show_many(l, "                ", columns);
}

/* Characters. */

static bool continues(char c)
{
	return (c & 0xc0) == 0x80;
}

static size_t columns_of(const struct line *l, size_t from, size_t to)
{
	size_t n = 0;

	for (; from < to; from++)
		n += !continues(l->text[from]);
	return n;
}

static size_t char_before(const struct line *l, size_t pos)
{
	while (pos > 0 && continues(l->text[--pos]))
		;
	return pos;
}

static size_t char_after(const struct line *l, size_t pos)
{
	while (pos < l->len && continues(l->text[++pos]))
		;
	return pos;
}

/* How many bytes belong to the character that C starts, besides it. */
static unsigned int continuation_bytes(char c)
{
	unsigned char lead = (unsigned char)c;

	return lead < 0xc0 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf8 ? 3 : 0;
}

/* Editing. */

/* Shows what is behind the cursor, over SURPLUS columns of what was there before, and goes back. */
static void show_tail(struct line *l, size_t surplus)
{
	show(l, l->text + l->cursor, l->len - l->cursor);
	show_blanks(l, surplus);
	go_left(l, columns_of(l, l->cursor, l->len) + surplus);
}

static void move_to(struct line *l, size_t pos)
{
	if (pos < l->cursor)
		go_left(l, columns_of(l, pos, l->cursor));
	else
		show(l, l->text + l->cursor, pos - l->cursor);
	l->cursor = pos;
}

static void delete_range(struct line *l, size_t from, size_t to)
{
	size_t columns = columns_of(l, from, to);

	if (from == to)
		return;
	move_to(l, from);
	memmove(l->text + from, l->text + to, l->len - to + 1);
	l->len -= to - from;
	show_tail(l, columns);
}

static void show_prompt(struct line *l)
{
	show_text(l, l->prompt);
	l->len = l->cursor = l->back = 0;
	l->missing = 0;
	l->text[0] = '\0';
	l->too_long = false;
}

/* Writes TEXT, which starts a new row, behind the line: a terminal may have wrapped it. */
static void leave_row(struct line *l, const char *text)
{
	move_to(l, l->len);
	show_text(l, text);
}

static void refuse_long_line(struct line *l)
{
	char text[80];

	snprintf(text, sizeof(text), "\nthe line is longer than %d bytes: all of it is ignored\n",
		 SHELL_LINE_MAX);
	leave_row(l, text);
	l->too_long = true;
}

/*
 * Bytes of one character come one by one. What is behind the cursor must not be shown between them,
 * or the terminal would never see the character; it is shown again when the last one is there.
 */
static void insert(struct line *l, char c)
{
	if (l->len == SHELL_LINE_MAX) {
		refuse_long_line(l);
		return;
	}
	memmove(l->text + l->cursor + 1, l->text + l->cursor, l->len - l->cursor + 1);
	l->text[l->cursor++] = c;
	l->len++;
	if (!continues(c))
		l->missing = continuation_bytes(c);
	else if (l->missing)
		l->missing--;
	show(l, &c, 1);
	if (!l->missing)
		show_tail(l, 0);
}

static void delete_word(struct line *l)
{
	size_t from = l->cursor;

	while (from > 0 && l->text[from - 1] == ' ')
		from--;
	while (from > 0 && l->text[from - 1] != ' ')
		from--;
	delete_range(l, from, l->cursor);
}

/* The history. */

static char *line_back(struct line *l, size_t back)
{
	return l->history[(l->lines - back) % SHELL_HISTORY];
}

static void remember(struct line *l)
{
	if (l->len == 0 || (l->lines && !strcmp(line_back(l, 1), l->text)))
		return;
	memcpy(l->history[l->lines++ % SHELL_HISTORY], l->text, l->len + 1);
}

/* Goes to the line that is BACK lines back; 0 is the one that was being typed. */
static void recall(struct line *l, size_t back)
{
	size_t columns = columns_of(l, 0, l->len), now;

	if (back > l->lines || back > SHELL_HISTORY)
		return;
	if (l->back == 0)
		memcpy(l->draft, l->text, l->len + 1);
	move_to(l, 0);
	strcpy(l->text, back ? line_back(l, back) : l->draft);
	l->back = back;
	l->len = strlen(l->text);
	now = columns_of(l, 0, l->len);
	move_to(l, l->len);
	if (now < columns)
		show_tail(l, columns - now);
}

/* Keys. */

static void redraw(struct line *l)
{
	size_t cursor = l->cursor;

	leave_row(l, "\n");
	show_text(l, l->prompt);
	l->cursor = 0;
	move_to(l, l->len);
	move_to(l, cursor);
}

static void move_key(struct line *l, int key)
{
	switch (key) {
	case KEY_LEFT:
		move_to(l, char_before(l, l->cursor));
		break;
	case KEY_RIGHT:
		move_to(l, char_after(l, l->cursor));
		break;
	case KEY_HOME:
	case CTRL('A'):
		move_to(l, 0);
		break;
	case KEY_END:
	case CTRL('E'):
		move_to(l, l->len);
		break;
	case KEY_UP:
		recall(l, l->back + 1);
		break;
	case KEY_DOWN:
		if (l->back)
			recall(l, l->back - 1);
		break;
	case CTRL('L'):
		redraw(l);
		break;
	}
}

static void delete_key(struct line *l, int key)
{
	switch (key) {
	case '\b':
	case DEL:
		delete_range(l, char_before(l, l->cursor), l->cursor);
		break;
	case KEY_DELETE:
		delete_range(l, l->cursor, char_after(l, l->cursor));
		break;
	case CTRL('K'):
		delete_range(l, l->cursor, l->len);
		break;
	case CTRL('U'):
		delete_range(l, 0, l->cursor);
		break;
	case CTRL('W'):
		delete_word(l);
		break;
	}
}

static void edit(struct line *l, int key)
{
	if (is_ascii_text(key) || (key > DEL && key <= 0xff)) {
		insert(l, (char)key);
		return;
	}
	if (key == '\t') {
		insert(l, ' ');
		return;
	}
	if (l->missing) { /* it will not be completed any more */
		l->missing = 0;
		show_tail(l, 0);
	}
	move_key(l, key);
	delete_key(l, key);
}

void line_init(struct line *l, int (*read)(void *ctx),
	       void (*write)(void *ctx, const char *text, size_t len), void *ctx)
{
	memset(l, 0, sizeof(*l));
	l->read = read;
	l->write = write;
	l->ctx = ctx;
}

int line_read(struct line *l, const char *prompt)
{
	l->prompt = prompt;
	show_prompt(l);
	for (;;) {
		int key = read_key(l);

		if (key == KEY_END_OF_INPUT) {
			leave_row(l, "\n");
			return -1;
		}
		if (key == CTRL('C')) {
			leave_row(l, "^C\n");
			show_prompt(l);
		} else if (key == '\r' || key == '\n') {
			if (!l->too_long)
				break;
			show_prompt(l);
		} else if (!l->too_long) {
			edit(l, key);
		}
	}
	leave_row(l, "\n");
	remember(l);
	return (int)l->len;
}
