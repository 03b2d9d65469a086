// SPDX-License-Identifier: MIT
// Engines that were timed on a GPU and found best, in one file: cuDNN's plans as JSON, cuBLASLt's algorithms as words. A run that names the
// file begins with them, on every machine with that GPU and those versions of the libraries; what the file does not hold is chosen by the
// heuristics. cuDNN takes damaged JSON and plans of another age, so the file carries a SHA-256 of all its bytes and says what it is for:
// one that is damaged, or for another GPU or other versions, is refused by name. Like the plan cache it tells damage, not malice.
#pragma once

#include <strata/backend/cuda/cublaslt/matmul.hpp>
#include <strata/backend/cuda/cudnn/engines.hpp>
#include <strata/backend/cuda/cudnn/plan.hpp>
#include <strata/backend/cuda/runtime/device.hpp>
#include <strata/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

class tuned_plans {
public:
    tuned_plans() = default;  // holds nothing
    // Throws io_error where the file cannot be read, invalid_input where it is damaged or for something else.
    static tuned_plans read(const std::string& path, const device_properties& gpu);
    // Throws io_error. The file appears whole or not at all.
    void write(const std::string& path, const device_properties& gpu) const;

    // What was kept for exactly this graph and filter. Throws invalid_input, naming the file, where cuDNN does not take it.
    std::optional<cudnn::plan> find(const cudnn::operation_graph& graph, const cudnn::target& target, const cudnn::engine_filter& filter,
                                    const std::string& what) const;
    // Of what the heuristic offers, the algorithm that was kept; nothing where it is not among them.
    std::optional<cublaslt::plan> find(const cublaslt::handle& with, const cublaslt::matmul& m, std::int64_t workspace_limit) const;

    void keep(const cudnn::engine_filter& filter, const cudnn::plan& best);
    void keep(const cublaslt::matmul& m, std::int64_t workspace_limit, const cublaslt::plan& best);

    std::size_t size() const { return entries_.size(); }

private:
    const std::string* text_of(const std::string& key) const;
    void keep(const std::string& key, std::string text);

    std::string path_;  // that was read
    std::vector<std::pair<std::string, std::string>> entries_;  // the SHA-256 of a key, and what it stands for
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/tuned_plans.ipp>
#endif
