// SPDX-License-Identifier: MIT
// Keys, and the way of a plan through its file.
#pragma once

#include <strata/backend/cuda/cudnn/plan_cache.hpp>

#include <strata/backend/cuda/cudnn/plan_file.hpp>
#include <strata/backend/cuda/cudnn/sha256.hpp>
#include <strata/core/error.hpp>
#include <strata/disk/atomic_file.hpp>
#include <strata/disk/read_file.hpp>

namespace strata::inline STRATA_ABI::cudnn {

STRATA_INLINE std::string plan_cache::key_of(const operation_graph& graph, const target& target, const engine_filter& filter) {
    int driver = 0, runtime = 0;
    cudaDriverGetVersion(&driver);    // 0 where there is none
    cudaRuntimeGetVersion(&runtime);
    return "strata " STRATA_VERSION_STRING "\ncudnn " + std::to_string(cudnnGetVersion()) + " built for " +
           std::to_string(cudnnGetCudartVersion()) + "\ncuda " + std::to_string(runtime) + "\ndriver " + std::to_string(driver) +
           "\nstrict_fp32 " + std::to_string(filter.strict_fp32) + "\ndeterministic " + std::to_string(filter.deterministic) +
           "\nworkspace_limit " + std::to_string(filter.workspace_limit) + "\ndevice " + target.json() + "\ngraph\n" + graph.key();
}

STRATA_INLINE std::string plan_cache::path_of(const operation_graph& graph, const target& target, const engine_filter& filter) const {
    return folder_ + '/' + sha256(key_of(graph, target, filter)).substr(0, 40) + ".plan";
}

STRATA_INLINE std::optional<plan> plan_cache::load(const std::string& path, const std::string& key, const operation_graph& graph,
                                                   const target& target, const std::string& what, bool& exists) {
    constexpr std::int64_t most = std::int64_t{64} << 20;  // plans have some hundred kilobytes
    exists = file_exists(path);
    if (!exists) return std::nullopt;
    try {
        const auto file = parse_plan(read_text(path, most), key);
        if (!file) return std::nullopt;
        plan loaded = plan::from_json(file->json, graph, target, file->facts, what);
        ++loaded_;
        return loaded;
    } catch (const error&) {
        // It cannot be read, or is whole and cuDNN does not take it all the same: it is made anew.
        return std::nullopt;
    }
}

STRATA_INLINE void plan_cache::store(const std::string& path, const std::string& key, const plan& made) {
    try {
        const std::string text = plan_text(key, made);
        make_folders(folder_);
        write_file(path, text);
    } catch (const error&) {  // no words of cuDNN's for the plan, or no place for the file
        ++unwritten_;
    }
}

STRATA_INLINE std::optional<plan> plan_cache::try_plan(const operation_graph& graph, const target& target, const engine_filter& filter,
                                                       const std::string& what, std::string* why) {
    if (folder_.empty()) {
        ++made_;
        return cudnn::try_plan(graph, target, filter, what, why);
    }
    std::string key;
    try {
        key = key_of(graph, target, filter);
    } catch (const cudnn_error&) {  // a GPU that cuDNN does not put into words: nothing of it can be kept
        ++made_, ++unwritten_;
        return cudnn::try_plan(graph, target, filter, what, why);
    }
    const std::string path = folder_ + '/' + sha256(key).substr(0, 40) + ".plan";
    bool exists = false;
    if (auto loaded = load(path, key, graph, target, what, exists)) return loaded;
    auto made = cudnn::try_plan(graph, target, filter, what, why);
    if (made) {
        ++(exists ? rejected_ : made_);
        store(path, key, *made);
    }
    return made;
}

STRATA_INLINE plan plan_cache::find_plan(const operation_graph& graph, const target& target, const engine_filter& filter,
                                         const std::string& what) {
    std::string why;
    if (auto found = try_plan(graph, target, filter, what, &why)) return std::move(*found);
    throw no_plan(why);
}

}  // namespace strata::inline STRATA_ABI::cudnn
