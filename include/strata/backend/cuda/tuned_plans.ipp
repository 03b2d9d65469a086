// SPDX-License-Identifier: MIT
// The file:
//     strata tuned plans 1
//     content <sha-256 of what follows> <its bytes>
//     gpu <name, compute capability, multiprocessors>
//     made with <versions>
//     entry <sha-256 of the key> <bytes>        as often as wanted
//     <bytes: a file of the plan cache, or the eight words of an algorithm>
#pragma once

#include <strata/backend/cuda/tuned_plans.hpp>

#include <strata/backend/cuda/cudnn/plan_file.hpp>
#include <strata/backend/cuda/cudnn/sha256.hpp>
#include <strata/core/error.hpp>
#include <strata/disk/atomic_file.hpp>
#include <strata/disk/read_file.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace strata::inline STRATA_ABI::cuda {

namespace detail {

inline constexpr int offered_algorithms = 16;  // of a product, among which a kept one is looked for

STRATA_INLINE std::string words_of(const device_properties& gpu) {
    return gpu.name + ", compute capability " + std::to_string(gpu.major) + "." + std::to_string(gpu.minor) + ", " +
           std::to_string(gpu.multiprocessors) + " multiprocessors";
}

STRATA_INLINE std::string words_of(const library_versions& v) {
    return "strata " STRATA_VERSION_STRING ", CUDA " + text_of_cuda_version(v.runtime) + ", cuDNN " + text_of_cudnn_version(v.cudnn) +
           ", cuBLASLt " + std::to_string(v.cublaslt);
}

STRATA_INLINE std::string key_of(const cudnn::operation_graph& graph, const cudnn::engine_filter& filter) {
    return "plan\nstrict_fp32 " + std::to_string(filter.strict_fp32) + "\ndeterministic " + std::to_string(filter.deterministic) +
           "\nworkspace_limit " + std::to_string(filter.workspace_limit) + "\n" + graph.key();
}

STRATA_INLINE std::string key_of(const cublaslt::matmul& m, std::int64_t workspace_limit) {
    return "product\nworkspace_limit " + std::to_string(workspace_limit) + "\n" + cublaslt::describe(m);
}

// Takes so many bytes from the front; nothing when there are fewer.
STRATA_INLINE std::optional<std::string_view> take_bytes(std::string_view& text, std::string_view count) {
    std::size_t bytes = 0;
    const auto parsed = std::from_chars(count.data(), count.data() + count.size(), bytes);
    if (parsed.ec != std::errc{} || parsed.ptr != count.data() + count.size() || bytes > text.size()) return std::nullopt;
    const std::string_view taken = text.substr(0, bytes);
    text.remove_prefix(bytes);
    return taken;
}

// "<first> <second>"; nothing where there is no space.
STRATA_INLINE std::optional<std::pair<std::string_view, std::string_view>> two_words(const std::optional<std::string_view>& line) {
    const std::size_t space = line ? line->find(' ') : std::string_view::npos;
    if (space == std::string_view::npos) return std::nullopt;
    return std::pair{line->substr(0, space), line->substr(space + 1)};
}

}  // namespace detail

STRATA_INLINE tuned_plans tuned_plans::read(const std::string& path, const device_properties& gpu) {
    using cudnn::take_line;
    constexpr std::int64_t most = std::int64_t{64} << 20;  // far above any file of plans
    std::string bytes;
    try {
        bytes = read_text(path, most);
    } catch (const error& e) {
        throw io_error(std::string(e.what()) + "; give the file of tuned plans that script/verify-gpu wrote, or none");
    }
    const auto refuse = [&path](const std::string& why) {
        return invalid_input(path + ": these tuned plans are " + why + "; run script/verify-gpu for new ones, or give no file of them");
    };
    std::string_view text = bytes;
    const bool ours = take_line(text, "strata") == "tuned plans 1";
    const auto sum = ours ? detail::two_words(take_line(text, "content")) : std::nullopt;
    if (!sum || sum->second != std::to_string(text.size()) || sum->first != cudnn::sha256(text)) throw refuse("damaged");
    const auto of = take_line(text, "gpu"), made = take_line(text, "made with");
    if (!of || !made) throw refuse("damaged");
    const std::string here = detail::words_of(gpu), now = detail::words_of(versions());
    if (*of != here) throw refuse("for another GPU (" + std::string(*of) + "; this is " + here + ")");
    if (*made != now) throw refuse("of other versions (" + std::string(*made) + "; this is " + now + ")");
    tuned_plans result;
    result.path_ = path;
    while (!text.empty()) {
        const auto head = detail::two_words(take_line(text, "entry"));
        const auto content = head ? detail::take_bytes(text, head->second) : std::nullopt;
        if (!content) throw refuse("damaged");
        result.entries_.emplace_back(head->first, *content);
    }
    return result;
}

STRATA_INLINE void tuned_plans::write(const std::string& path, const device_properties& gpu) const {
    std::string content = "gpu " + detail::words_of(gpu) + "\nmade with " + detail::words_of(versions()) + "\n";
    for (const auto& [key, text] : entries_) content += "entry " + key + ' ' + std::to_string(text.size()) + '\n' + text;
    const std::string head = "strata tuned plans 1\ncontent " + cudnn::sha256(content) + ' ' + std::to_string(content.size()) + '\n';
    const std::size_t slash = path.rfind('/');
    if (slash != path.npos) make_folders(path.substr(0, slash));
    write_file(path, head + content);
}

STRATA_INLINE const std::string* tuned_plans::text_of(const std::string& key) const {
    const std::string sum = entries_.empty() ? std::string() : cudnn::sha256(key);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&sum](const auto& entry) { return entry.first == sum; });
    return found == entries_.end() ? nullptr : &found->second;
}

STRATA_INLINE void tuned_plans::keep(const std::string& key, std::string text) {
    const std::string sum = cudnn::sha256(key);
    for (auto& entry : entries_) {
        if (entry.first == sum) return void(entry.second = std::move(text));
    }
    entries_.emplace_back(sum, std::move(text));
}

STRATA_INLINE std::optional<cudnn::plan> tuned_plans::find(const cudnn::operation_graph& graph, const cudnn::target& target,
                                                           const cudnn::engine_filter& filter, const std::string& what) const {
    const std::string key = detail::key_of(graph, filter);
    const std::string* text = text_of(key);
    if (text == nullptr) return std::nullopt;
    const auto file = cudnn::parse_plan(*text, key);
    if (!file) throw invalid_input(path_ + ": the tuned plan of " + what + " is damaged; run script/verify-gpu for new ones");
    try {
        return cudnn::plan::from_json(file->json, graph, target, file->facts, what);
    } catch (const cudnn::cudnn_error& e) {
        throw invalid_input(path_ +
                            ": cuDNN does not take a tuned plan; run script/verify-gpu for new ones, or give no file of them: " + e.what());
    }
}

STRATA_INLINE std::optional<cublaslt::plan> tuned_plans::find(const cublaslt::handle& with, const cublaslt::matmul& m,
                                                              std::int64_t workspace_limit) const {
    const std::string* text = text_of(detail::key_of(m, workspace_limit));
    if (text == nullptr) return std::nullopt;
    for (cublaslt::plan& offered : cublaslt::find_plans(with, m, workspace_limit, detail::offered_algorithms)) {
        if (offered.algorithm() == *text) return std::move(offered);
    }
    return std::nullopt;
}

STRATA_INLINE void tuned_plans::keep(const cudnn::engine_filter& filter, const cudnn::plan& best) {
    const std::string key = detail::key_of(best.graph(), filter);
    keep(key, cudnn::plan_text(key, best));
}

STRATA_INLINE void tuned_plans::keep(const cublaslt::matmul& m, std::int64_t workspace_limit, const cublaslt::plan& best) {
    keep(detail::key_of(m, workspace_limit), best.algorithm());
}

}  // namespace strata::inline STRATA_ABI::cuda
