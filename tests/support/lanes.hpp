// SPDX-License-Identifier: MIT
// Values in (N, H, W, C) order put into the order of kernels::lane_pictures, and back.
#pragma once

#include <strata/core/shape.hpp>
#include <strata/kernels/lanes.hpp>

#include <support/random_values.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace testing {

inline strata::kernels::lane_pictures lane_pictures_of(std::int64_t batch, strata::shape s, int lanes) {
    const std::int64_t blocks = s.channels / lanes;
    return {.pictures = batch * blocks, .height = s.height, .width = s.width, .lanes = lanes, .blocks = blocks};
}

// Where value i of (N, H, W, C) lies.
inline std::size_t place_in_lanes(std::size_t i, const strata::kernels::lane_pictures& of) {
    const auto at = static_cast<std::int64_t>(i), c = at % of.channels(), pixel = at / of.channels() % of.pixels();
    const std::int64_t n = at / of.channels() / of.pixels();
    return static_cast<std::size_t>(((n * of.blocks + c / of.lanes) * of.pixels() + pixel) * of.lanes + c % of.lanes);
}

inline std::vector<float> to_lanes(const std::vector<double>& from, const strata::kernels::lane_pictures& of) {
    std::vector<float> to(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) to[place_in_lanes(i, of)] = static_cast<float>(from[i]);
    return to;
}
inline std::vector<double> from_lanes(const std::vector<float>& from, const strata::kernels::lane_pictures& of) {
    std::vector<double> to(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) to[i] = static_cast<double>(from[place_in_lanes(i, of)]);
    return to;
}

}  // namespace testing
