// SPDX-License-Identifier: MIT
// Plans kept on disk, as choosing and compiling them takes cuDNN seconds: one file per plan, with cuDNN's JSON form, the engine and its
// notes, and SHA-256 sums of these and of the key. The key is all that a plan depends on: the graph, the GPU, the versions of driver,
// CUDA and cuDNN, and the filter. cuDNN itself takes damaged JSON, so what does not verify, or does not load, is made anew and
// written over. The sums tell damage and age, not malice: the folder must be the user's own.
#pragma once

#include <strata/core/config.hpp>
#include <strata/backend/cuda/cudnn/engines.hpp>
#include <strata/backend/cuda/cudnn/plan.hpp>
#include <strata/backend/cuda/cudnn/target.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <utility>

namespace strata::inline STRATA_ABI {
namespace cudnn {

// Threads and processes may share a folder: files appear whole. Whatever goes wrong with them is no error of the caller's, the plan is
// made then, and counted() tells.
class plan_cache {
public:
    // No folder: every plan is made.
    plan_cache() = default;
    // The folder is made, with its parents, when the first plan is written.
    explicit plan_cache(std::string folder) : folder_(std::move(folder)) {}

    // As cudnn::find_plan and cudnn::try_plan.
    plan find_plan(const operation_graph& graph, const target& target, const engine_filter& filter, const std::string& what);
    std::optional<plan> try_plan(const operation_graph& graph, const target& target, const engine_filter& filter, const std::string& what,
                                 std::string* why = nullptr);

    struct counts {
        int loaded = 0;    // from a file
        int made = 0;      // by cuDNN, as no file was there
        int rejected = 0;  // by cuDNN, as a file was there and did not verify
        int unwritten = 0; // made, and could not be kept
    };
    counts counted() const { return {loaded_, made_, rejected_, unwritten_}; }
    const std::string& folder() const { return folder_; }

    // Where the plan lies, or would.
    std::string path_of(const operation_graph& graph, const target& target, const engine_filter& filter) const;
    // What a plan depends on, as text.
    static std::string key_of(const operation_graph& graph, const target& target, const engine_filter& filter);

private:
    std::optional<plan> load(const std::string& path, const std::string& key, const operation_graph& graph, const target& target,
                             const std::string& what, bool& exists);
    void store(const std::string& path, const std::string& key, const plan& made);

    std::string folder_;
    std::atomic<int> loaded_{0}, made_{0}, rejected_{0}, unwritten_{0};
};

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/plan_cache.ipp>
#endif
