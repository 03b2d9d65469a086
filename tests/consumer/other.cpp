// SPDX-License-Identifier: MIT
// The other translation unit includes every public header the other way round.
#include "every_header_backwards.hpp"

const char* version_seen_by_the_other();
const char* version_seen_by_the_other() { return STRATA_VERSION_STRING; }
