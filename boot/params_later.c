/* SPDX-License-Identifier: MIT */
#include "boot/params_later.h"

#include <string.h>

#include "boot/cmdline.h"
#include "lib/log.h"
#include "lib/number.h"

#define AUTOSAVE_MAX 10000000U /* four months */

void params_number(const char *name, const char *expected, const char *value, uint32_t max,
		   uint32_t *number)
{
	const char *end;
	uint64_t read;

	if (!value || number_parse(value, &read, &end) || *end || read > max)
		pr_warn("cairn.%s=%s: expected %s: ignored", name, value ? value : "", expected);
	else
		*number = (uint32_t)read;
}

void params_autosave(struct boot *b, const char *value)
{
	params_number("autosave", "seconds from 0 to 10000000", value, AUTOSAVE_MAX, &b->autosave);
}

void params_boot_delay(struct boot *b, const char *value)
{
	params_number("bootdelay", "seconds from 0 to 3600", value, PAYLOAD_DELAY_MAX,
		      &b->payload_delay);
}

void params_boot(struct boot *b, const char *value)
{
	if (!value || !params_payload(value, &b->payload))
		pr_warn("cairn.boot=%s: expected an address, or flash: ignored",
			value ? value : "");
}

bool params_payload(const char *text, struct payload_place *place)
{
	bool flash = !strcmp(text, "flash");
	const char *end;
	uint64_t at = 0;

	if (!flash && (!cmdline_size(text, &at, &end) || *end || at > PHYS_ADDR_MAX))
		return false;
	*place = (struct payload_place){flash ? PAYLOAD_FLASH : PAYLOAD_AT, (phys_addr_t)at};
	return true;
}

void params_image(struct boot *b, const char *value)
{
	if (value && (!strcmp(value, "A") || !strcmp(value, "B")))
		b->image = *value;
	else if (!value || strcmp(value, "?") != 0)
		pr_warn("cairn.image=%s: expected A or B: ignored", value ? value : "");
}

void params_confirm(struct boot *b, const char *value)
{
	b->confirm_manually = value && !strcmp(value, "manual");
	if (!b->confirm_manually)
		pr_warn("cairn.confirm=%s: expected manual: ignored", value ? value : "");
}
