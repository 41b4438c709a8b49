/* SPDX-License-Identifier: MIT */
#include "lib/errors.h"

#include <stddef.h>

static const struct {
	int err;
	const char *text;
} texts[] = {
	{0, "no error"},
	{EINVAL, "a value is out of its range"},
	{EBADF, "it is not open"},
	{EDOM, "a key has 1 to 65535 bytes"},
	{ERANGE, "a length is negative, or all together are too long"},
	{EROFS, "it is damaged and can only be read"},
	{EEXIST, "there is one already"},
	{ESTALE, "it was changed since it was read"},
	{EMSGSIZE, "it is longer than the buffer for it"},
	{ENOTSUP, "this kind of store cannot do it"},
	{ENOMEM, "no memory is left for it"},
	{ENOENT, "there is no such entry"},
	{ENOSPC, "there is no room for it"},
	{E2BIG, "it is larger than any slot could be"},
	{EFAULT, "nothing is mapped there"},
	{EACCES, "it can only be read: it is code, a constant or the store's"},
	{EBUSY, "what it needs is in use"},
	{ENODATA, "there was never a store here"},
	{EBADMSG, "the bytes are damaged"},
	{EPROTONOSUPPORT, "it is of a version that this code does not know"},
	{EOVERFLOW, "the numbers are used up"},
	{ENODEV, "there is no such device"},
	{ETIMEDOUT, "it took too long"},
	{EAGAIN, "not all of it can be given back now"},
	{EPERM, "it has to stay"},
	{EIO, "the device reported a failure"},
	{ENAMETOOLONG, "it is too long"},
};

const char *error_text(int err)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].err == err || -texts[i].err == err)
			return texts[i].text;
	return "unknown error";
}
