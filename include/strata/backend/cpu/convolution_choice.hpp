// SPDX-License-Identifier: MIT
// Which algorithm computes a convolution: oneDNN's own, or Winograd's F(m x m, r x r). A case is all that the answer may depend on;
// a value of convolution_choices answers, from what was tuned or from the table that strata ships, and never by itself.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/shape.hpp>
#include <strata/network/program.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

// inference is a predictor's forward: what it makes of the weights is kept while the model does not change.
enum class convolution_pass : unsigned char { forward, backward_data, backward_weights, inference };
inline constexpr std::size_t convolution_passes = 4;
enum class vector_width : unsigned char { baseline, avx2, avx512 };  // of the instructions that our kernels and oneDNN use here

// "forward", "backward_data", "backward_weights", "inference"; "baseline", "avx2", "avx512": the words in files. A word that is none:
// empty.
std::string_view name_of(convolution_pass pass);
std::string_view name_of(vector_width width);
std::optional<convolution_pass> convolution_pass_named(std::string_view word);
std::optional<vector_width> vector_width_named(std::string_view word);

struct convolution_case {
    convolution_pass pass = convolution_pass::forward;
    int batch = 1;
    shape in{};  // of the convolution's forward, whatever the pass
    int filters = 1;
    extent rows{}, columns{};
    int threads = 1;
    vector_width width = vector_width::baseline;

    shape out() const;
    bool operator==(const convolution_case&) const = default;
};

struct convolution_way {
    int tile = 0;  // 0: oneDNN's own convolution; m: Winograd, which computes tiles of m x m outputs

    bool operator==(const convolution_way&) const = default;
};

// The tiles m that there are for a kernel of r x r, ascending: none unless r is 3 or 5.
std::span<const int> winograd_tiles(int kernel);
// Whether this way computes this case: tile 0 always; m for square kernels of stride 1 when winograd_tiles(r) names it.
bool fits(const convolution_case& which, const convolution_way& way);
// Whether Winograd's transformed weights are made once and kept: in inference, when they have at most 12 MiB, so that reading them costs
// less than computing directly does.
bool keeps_weights(const convolution_case& which, const convolution_way& way);

struct convolution_choices {
    struct entry {
        convolution_case which;
        convolution_way way;
        bool operator==(const entry&) const = default;
    };
    std::vector<entry> tuned{};  // measured on this machine, by an explicit act
    std::optional<convolution_way> otherwise{};  // for all other cases; unset: the shipped table

    // The entry of this case (for inference without one: of its forward pass), else `otherwise`, else the shipped table; oneDNN's own
    // where the answer does not fit the case.
    convolution_way find(const convolution_case& which) const;
    void set(const convolution_case& which, const convolution_way& way);  // replaces the entry of this case

    static convolution_choices direct_only() { return {{}, convolution_way{0}}; }
    bool operator==(const convolution_choices&) const = default;
};

// The shipped table, a rule by shape: with AVX2 or AVX-512, stride 1, a kernel of 3 x 3 or 5 x 5, and at least 32 channels on both
// sides, the tile that needs the fewest products per picture, where that is less than two thirds of the direct convolution's and a
// batch has at least 16 tiles or the weights are kept; else oneDNN's own. The same for all passes and any number of threads. Measured
// with AVX2 and two threads only, on pictures of 15 x 15 (F(5, 5)) and 7 x 7 (F(7, 3)), 96 to 384 channels, batches of 32 and 128; in
// inference of 1.
convolution_way shipped_convolution_way(const convolution_case& which);

}  // namespace strata::inline STRATA_ABI::cpu

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/convolution_choice.ipp>
#endif
