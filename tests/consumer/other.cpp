// SPDX-License-Identifier: MIT
// The other translation unit includes every public header the other way round.
#include "every_header_backwards.hpp"

#include <cstdint>
#include <string>

struct same_network
    : strata::network<strata::shape{8, 8, 3}, strata::conv2d<4, strata::same(3)>, strata::relu, strata::flatten, strata::dense<10>> {};

std::string version_seen_by_the_other();
std::int64_t parameters_counted_by_the_other();

std::string version_seen_by_the_other() { return STRATA_VERSION_STRING; }
std::int64_t parameters_counted_by_the_other() { return strata::view<same_network>().parameter_count(); }
