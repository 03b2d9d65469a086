// SPDX-License-Identifier: MIT
// A line of numbers per unit that this program is made of (UNITS: X(name) for each).
#include <cstdio>
#include <string>

#define X(name) std::string name();
UNITS
#undef X

int main() {
#define X(name) std::printf("%s%s\n", #name, name().c_str());
    UNITS
#undef X
    return 0;
}
