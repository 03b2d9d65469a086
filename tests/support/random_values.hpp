// SPDX-License-Identifier: MIT
// Numbers for tests, the same on every machine: uniform values, choices of small integers, and the norm-relative error.
#pragma once

#include <strata/core/random.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace testing {

class dice {
public:
    explicit dice(std::uint64_t seed) : stream_{.seed = seed, .purpose = strata::random_purpose::user} {}

    double uniform(double low = 0, double high = 1) { return low + (high - low) * stream_.uniform(next_++); }
    int between(int least, int most) { return least + static_cast<int>(stream_.word(next_++) % static_cast<unsigned>(most - least + 1)); }
    bool chance(double share) { return uniform() < share; }
    // Values that a float holds exactly, as doubles.
    std::vector<double> values(std::int64_t count, double low, double high) {
        std::vector<double> drawn(static_cast<std::size_t>(count));
        for (double& x : drawn) x = static_cast<double>(static_cast<float>(uniform(low, high)));
        return drawn;
    }

private:
    strata::random_stream stream_;
    std::uint64_t next_ = 0;
};

inline std::vector<float> to_floats(const std::vector<double>& from) { return {from.begin(), from.end()}; }
inline std::vector<double> to_doubles(const std::vector<float>& from) { return {from.begin(), from.end()}; }

template <typename Range>
double norm(const Range& x) {
    double sum = 0;
    for (const auto v : x) sum += static_cast<double>(v) * static_cast<double>(v);
    return std::sqrt(sum);
}
// || found - wanted ||; infinite when sizes differ or a value is NaN, so that no comparison passes by accident.
template <typename Found, typename Wanted>
double distance(const Found& found, const Wanted& wanted) {
    if (found.size() != wanted.size()) return HUGE_VAL;
    double sum = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const double d = static_cast<double>(found[i]) - static_cast<double>(wanted[i]);
        sum += d * d;
    }
    return std::isnan(sum) ? HUGE_VAL : std::sqrt(sum);
}
// || found - wanted || / || wanted ||
template <typename Found, typename Wanted>
double relative_error(const Found& found, const Wanted& wanted) {
    const double d = distance(found, wanted);
    return d == 0 ? 0 : d / norm(wanted);
}

}  // namespace testing
