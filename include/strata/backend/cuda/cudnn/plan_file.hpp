// SPDX-License-Identifier: MIT
// A plan as the text of a file, for the plan cache and for tuned plans:
//     strata plan 1
//     key <sha-256 of the key>
//     content <sha-256 of what follows> <its bytes>
//     engine <number>
//     notes <names with commas between, or ->
//     <cuDNN's JSON>
#pragma once

#include <strata/backend/cuda/cudnn/plan.hpp>
#include <strata/core/config.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace strata::inline STRATA_ABI {
namespace cudnn {

struct plan_file {
    engine_facts facts;
    std::string json;
};

// The text of a plan's file. Throws cudnn_error for a plan that cuDNN does not put into words.
std::string plan_text(const std::string& key, const plan& made);
// Nothing unless every byte is the one that plan_text wrote for this key.
std::optional<plan_file> parse_plan(std::string_view text, const std::string& key);
// Takes "<word> <rest>\n" from the front; nothing when the text does not begin so.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view word);

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/plan_file.ipp>
#endif
