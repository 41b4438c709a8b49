/* SPDX-License-Identifier: MIT */
/* Which image the selector enters, case by case. */
#include "tests/unit/selection_test.h"

static void test_new_flash_tries_a_then_b(void **state)
{
	unsigned try;

	(void)state;
	new_board();
	for (unsigned n = 1; n <= SELECTION_TRIES; n++) {
		assert_int_equal(selection_choose(&selector, &try), 0);
		assert_int_equal(try, n);
	}
	for (unsigned n = 1; n <= SELECTION_TRIES; n++) {
		assert_int_equal(selection_choose(&selector, &try), 1);
		assert_int_equal(try, n);
	}
	assert_int_equal(w.again, 0);
}

/* The selector enters IMAGE, whose try is TRY. */
static void expect_choice(int image, unsigned try)
{
	unsigned its_try;

	selector.turn++;
	assert_int_equal(selection_choose(&selector, &its_try), image);
	assert_int_equal(its_try, try);
}

/* An image that is whole is not given up when there is no other: both, in turns. */
static void test_last_resort(void **state)
{
	(void)state;
	new_board();
	for (unsigned n = 0; n < FLASH_IMAGES * SELECTION_TRIES; n++)
		expect_choice((int)n / SELECTION_TRIES, n % SELECTION_TRIES + 1);
	selector.turn = 1;
	for (unsigned n = 0; n < 4; n++)
		expect_choice((int)n % 2, 0);
	assert_int_equal(w.again, 4);
	w.images[0].bytes_good = false;
	expect_choice(1, 0);
	expect_choice(1, 0);
	w.images[1].header_good = false;
	expect_choice(-1, 0);
	assert_int_equal(w.again, 6);
	w.images[0].bytes_good = true;
	expect_choice(0, 0);
	assert_int_equal(selection_confirm(flash, 0, w.images[0].crc), 0);
	expect_choice(0, 0);
	assert_int_equal(w.again, 7);
}

/* A new version that fails leaves the old one as it was, whatever happens to the old one then. */
static void test_the_way_back_stays(void **state)
{
	(void)state;
	new_board();
	expect_choice(0, 1);
	assert_int_equal(selection_confirm(flash, 0, w.images[0].crc), 0);
	assert_int_equal(selection_select(flash, 1), 0);
	for (unsigned n = 1; n <= SELECTION_TRIES; n++)
		expect_choice(1, n);
	for (unsigned n = 0; n < 10; n++)
		expect_choice(0, 0);
	assert_int_equal(selection_select(flash, 1), 0); /* and by a second one */
	expect_choice(1, 1);
	w.images[1].header_good = false;
	expect_choice(0, 0);
	w.images[0].crc++; /* it was for what was there */
	expect_choice(0, 1);
}

static void program(uint32_t offset, uint32_t word)
{
	assert_int_equal(flash_program(NULL, offset, word), 0);
}

/* Tries count by the last one that is used: an earlier one may have failed to take its mark. */
static void test_a_try_that_was_passed_over(void **state)
{
	(void)state;
	new_board();
	program(offsetof(struct selection, tried[0][1]), 0);
	expect_choice(0, 3);
	expect_choice(1, 1);
}

/* What counts is what flash has, not what it says. */
static void test_flash_that_lies(void **state)
{
	(void)state;
	new_board();
	w.lies = true;
	expect_choice(0, 1);
	assert_int_equal(w.not_counted, 0);
	w.lies = false;
	w.stuck = SELECTION_BLANK;
	expect_choice(0, 0);
	assert_int_equal(w.not_counted, 1);
	assert_int_equal(w.not_counted_for, 0);
	w.stuck = 0;
	expect_choice(0, 2);
}

/* A place with anything in it is not for a record: an erase that was cut may have left it. */
static void test_places_that_are_not_blank(void **state)
{
	const uint32_t size = sizeof(struct selection);
	struct selection_found found;

	(void)state;
	new_board();
	for (uint32_t word = 0; word < size / 4; word++) {
		new_board();
		program(size + 4 * word, 0x12345678);
		assert_int_equal(selection_select(flash, 1), 0);
		selection_find(flash, &found);
		assert_int_equal(found.offset, 2 * size);
	}
}

/* A confirmation that was cut is finished where it is: neither the preference nor the tries change.
 */
static void test_half_a_confirmation(void **state)
{
	const uint32_t at = offsetof(struct selection, confirmed[1]);
	struct selection_found found;

	(void)state;
	new_board();
	for (unsigned n = 1; n <= SELECTION_TRIES; n++)
		expect_choice(0, n);
	expect_choice(1, 1);
	program(at, w.images[1].crc | 0x00ff00ff);
	assert_int_equal(selection_confirm(flash, 1, w.images[1].crc), 0);
	selection_find(flash, &found);
	assert_int_equal(found.offset, 0);
	assert_int_equal(found.record.preferred, 0);
	assert_int_equal(selection_tries_left(&found.record, 0), 0);
	expect_choice(1, 0);
}

static void test_what_came_up_is_not_counted(void **state)
{
	unsigned try;

	(void)state;
	new_board();
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(selection_confirm(flash, 0, w.images[0].crc), 0);
	for (unsigned n = 0; n < 100; n++) {
		assert_int_equal(selection_choose(&selector, &try), 0);
		assert_int_equal(try, 0);
	}
	w.images[0].crc++; /* another image in the same place has not come up */
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 2);
}

/* A flash that takes nothing must not keep a good image from being entered. */
static void test_broken_flash(void **state)
{
	unsigned try = 9;

	(void)state;
	new_board();
	w.broken = true;
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 0);
	assert_int_equal(w.not_counted, 1);
	assert_int_equal(w.not_counted_for, -EIO);
	assert_int_equal(selection_select(flash, 1), -EIO);
	assert_int_equal(selection_confirm(flash, 0, 1), -EIO);
}

/* Nor one that takes some bits only; what it did not take is not believed to be there. */
static void test_weak_flash(void **state)
{
	unsigned try = 9;

	(void)state;
	new_board();
	w.stuck = 0x10;
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 1);
	assert_int_equal(selection_select(flash, 1), -EIO);
	assert_int_equal(selection_confirm(flash, 0, 1), -EIO);
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 2);
}

/* A checksum that is all ones is not told from nothing, were it written as it is. */
static void test_checksum_of_ones(void **state)
{
	unsigned try;

	(void)state;
	new_board();
	w.images[0].crc = SELECTION_BLANK;
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 1);
	assert_int_equal(selection_confirm(flash, 0, SELECTION_BLANK), 0);
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_flash_tries_a_then_b),
		cmocka_unit_test(test_last_resort),
		cmocka_unit_test(test_the_way_back_stays),
		cmocka_unit_test(test_a_try_that_was_passed_over),
		cmocka_unit_test(test_flash_that_lies),
		cmocka_unit_test(test_places_that_are_not_blank),
		cmocka_unit_test(test_half_a_confirmation),
		cmocka_unit_test(test_what_came_up_is_not_counted),
		cmocka_unit_test(test_broken_flash),
		cmocka_unit_test(test_weak_flash),
		cmocka_unit_test(test_checksum_of_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
