// SPDX-License-Identifier: MIT
// One of two translation units that include every public header; this one in order.
#include "every_header.hpp"

#include <cstdio>

const char* version_seen_by_the_other();

int main() { std::printf("strata %s, in both translation units: %s\n", STRATA_VERSION_STRING, version_seen_by_the_other()); }
