// SPDX-License-Identifier: MIT
// The doctest runner, alone in its file: it is the slow part of doctest, and every test executable links this one object.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
