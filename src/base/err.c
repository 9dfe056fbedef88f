#include "base/err.h"

const char *err_text(int err)
{
	switch (err) {
#define X(name, value, text)                                                  \
	case name:                                                            \
		return text;
		ERRORS(X)
#undef X
	default:
		return err >= 0 ? "no error" : "unknown error";
	}
}
