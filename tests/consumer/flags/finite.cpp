// SPDX-License-Identifier: MIT
// Compiled with -ffast-math, by which a compiler may take every number for finite: strata's own questions are answered all the same.
// NaN and infinity come from bits in volatile memory, since here the standard library's are no values either.
#include <strata/core/error.hpp>
#include <strata/core/finite.hpp>
#include <strata/data/split.hpp>
#include <strata/kernels/finite.hpp>
#include <strata/kernels/softmax_cross_entropy.hpp>
#include <strata/kernels/step_update.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

int failures = 0;
void check(bool good, const char* what) {
    if (good) return;
    std::printf("with -ffast-math: %s\n", what);
    ++failures;
}

float of_bits(std::uint32_t bits) {
    volatile std::uint32_t hidden = bits;
    const std::uint32_t read = hidden;
    float value;
    std::memcpy(&value, &read, sizeof value);
    return value;
}
bool is_bad(float value) {  // by its memory
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits << 1 >= 0xff000000u;
}

}  // namespace

int main() {
    for (const std::uint32_t bits : {0x7fc00000u, 0xffc00000u, 0x7f800000u, 0xff800000u}) {
        std::vector<float> values(9000, 1.5f);
        std::vector<std::uint8_t> found(3);
        values[5000] = of_bits(bits);
        const auto count = static_cast<std::int64_t>(values.size());
        for (std::size_t b = 0; b < 3; ++b) strata::kernels::non_finite_stage{values.data(), count, found.data()}(b);
        check(found[0] == 0 && found[1] == 1 && found[2] == 0, "non_finite_stage misses a value");
        strata::kernels::step_state state{};
        strata::kernels::find_non_finite<float>{&state, values.data(), count, count, 1}(0);
        check(state.found_non_finite == 1, "find_non_finite misses a value");
        check(!strata::is_finite(values[5000]) && strata::is_finite(values[0]), "is_finite is wrong");
        check(strata::is_nan(values[5000]) == ((bits & 0x7fffffffu) > 0x7f800000u), "is_nan is wrong");
        float sum = 0;
        for (const float value : values) sum += value;
        check(!strata::is_finite(sum), "is_finite is wrong about a sum");
        check(!strata::is_finite(static_cast<double>(values[5000])), "is_finite is wrong about a double");
    }
    strata::kernels::step_state state{};
    const float zero = of_bits(0);
    strata::kernels::find_non_finite<float>{&state, &zero, 0, 1, 1}(0);
    check(state.found_non_finite == 1, "an infinite variance is missed");

    const float logits[] = {1.0f, of_bits(0x7fc00000u), 2.0f}, no_target[] = {0, 0, 0};
    const strata::kernels::softmax_cross_entropy_row row{logits, no_target, 0, 3, 0, 1};
    check(is_bad(row(static_cast<float*>(nullptr)).loss), "the loss of NaN is a number");

    bool refused = false;
    try {
        (void)strata::split_rows({}, 100, static_cast<double>(of_bits(0x7fc00000u)));
    } catch (const strata::invalid_input&) { refused = true; }
    check(refused, "a split of NaN is taken");
    return failures == 0 ? 0 : 1;
}
