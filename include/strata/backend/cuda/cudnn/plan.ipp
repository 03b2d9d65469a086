// SPDX-License-Identifier: MIT
// Variant packs and execution.
#pragma once

#include <strata/backend/cuda/cudnn/plan.hpp>

#include <cstddef>
#include <string_view>
#include <utility>

namespace strata::inline STRATA_ABI::cudnn {

STRATA_INLINE bool engine_facts::has(const char* note) const {
    for (const std::string& own : notes) {
        if (own == note) return true;
    }
    return false;
}

STRATA_INLINE plan plan::from_json(const std::string& json, const operation_graph& graph, const target& target, engine_facts facts,
                                   const std::string& what) {
    plan result(graph, what);
    result.facts_ = std::move(facts);
    try {
        result.descriptor_.set<CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION>(std::string_view(json))
            .set<CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP>(target.get())
            .finalize();
        result.read_workspace();
    } catch (const cudnn_error& e) { throw cudnn_error(what + ": a stored plan does not load: " + e.what(), e.status); }
    return result;
}

STRATA_INLINE void plan::read_workspace() { workspace_bytes_ = descriptor_.get<CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE>(); }

STRATA_INLINE std::string plan::json() const {
    const std::vector<char> text = descriptor_.get_all<CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION>();
    std::string result(text.begin(), text.end());
    while (!result.empty() && result.back() == '\0') result.pop_back();
    return result;
}

STRATA_INLINE variant_pack plan::pack(std::span<const binding> bindings, void* workspace) const {
    if (workspace == nullptr && workspace_bytes_ > 0) {
        throw invalid_input(what_ + ": the plan needs a workspace of " + std::to_string(workspace_bytes_) + " bytes and got none");
    }
    variant_pack result;
    std::vector<std::int64_t> ids;
    std::vector<void*> pointers;
    for (const tensor& t : graph_.bound()) {
        void* data = nullptr;
        for (const binding& given : bindings) {
            if (given.id == t.id) data = given.data;
        }
        const std::string words = what_ + ": tensor " + std::to_string(t.id) + ' ' + describe(t);
        if (data == nullptr) throw invalid_input(words + " has no address");
        if (reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(t.alignment) != 0) {
            throw invalid_input(words + " is not aligned to " + std::to_string(t.alignment) + " bytes");
        }
        ids.push_back(t.id);
        pointers.push_back(data);
    }
    result.scalars_.assign(graph_.scalars().begin(), graph_.scalars().end());
    for (std::size_t i = 0; i < result.scalars_.size(); ++i) {
        ids.push_back(scalar_ids + static_cast<std::int64_t>(i));
        pointers.push_back(&result.scalars_[i]);
    }
    try {
        result.descriptor_.set<CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS>(ids)
            .set<CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS>(pointers)
            .set<CUDNN_ATTR_VARIANT_PACK_WORKSPACE>(workspace)
            .finalize();
    } catch (const cudnn_error& e) { throw cudnn_error(what_ + ": " + e.what(), e.status); }
    return result;
}

STRATA_INLINE void plan::execute(const handle& handle, const variant_pack& pack) const {
    const cudnnStatus_t status = cudnnBackendExecute(handle.get(), descriptor_.get(), pack.get());
    if (status == CUDNN_STATUS_SUCCESS) return;
    check(status, what_ + ": executing engine " + std::to_string(facts_.engine) + " for\n" + graph_.describe() + '\n');
}

STRATA_INLINE void plan::execute(const handle& handle, std::span<const binding> bindings, void* workspace) const {
    execute(handle, pack(bindings, workspace));
}

}  // namespace strata::inline STRATA_ABI::cudnn
