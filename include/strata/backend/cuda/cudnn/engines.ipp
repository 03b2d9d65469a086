// SPDX-License-Identifier: MIT
// Heuristic, filter, finalization; and the account of it for the error.
#pragma once

#include <strata/backend/cuda/cudnn/engines.hpp>

#include <strata/backend/cuda/cudnn/graph_descriptors.hpp>

#include <string_view>
#include <utility>

namespace strata::inline STRATA_ABI::cudnn {

namespace detail {

STRATA_INLINE const char* note_name(cudnnBackendNumericalNote_t note) {
    switch (note) {
        case CUDNN_NUMERICAL_NOTE_TENSOR_CORE: return "TENSOR_CORE";
        case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS: return "DOWN_CONVERT_INPUTS";
        case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION: return "REDUCED_PRECISION_REDUCTION";
        case CUDNN_NUMERICAL_NOTE_FFT: return "FFT";
        case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC: return "NONDETERMINISTIC";
        case CUDNN_NUMERICAL_NOTE_WINOGRAD: return "WINOGRAD";
        case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4: return "WINOGRAD_TILE_4x4";
        case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6: return "WINOGRAD_TILE_6x6";
        case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13: return "WINOGRAD_TILE_13x13";
        default: return static_cast<int>(note) == 9 ? "STRICT_NAN_PROP" : "NUMERICAL_NOTE_UNKNOWN";  // 9: not in older headers
    }
}

STRATA_INLINE const char* note_name(cudnnBackendBehaviorNote_t note) {
    switch (note) {
        case CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION: return "RUNTIME_COMPILATION";
        case CUDNN_BEHAVIOR_NOTE_REQUIRES_FILTER_INT8x32_REORDER: return "REQUIRES_FILTER_INT8x32_REORDER";
        case CUDNN_BEHAVIOR_NOTE_REQUIRES_BIAS_INT8x32_REORDER: return "REQUIRES_BIAS_INT8x32_REORDER";
        default:
            return static_cast<int>(note) == 3   ? "SUPPORTS_CUDA_GRAPH_NATIVE_API"
                   : static_cast<int>(note) == 4 ? "CUBLASLT_DEPENDENCY"
                                                 : "BEHAVIOR_NOTE_UNKNOWN";
    }
}

STRATA_INLINE engine_facts facts_of(const descriptor<CUDNN_BACKEND_ENGINECFG_DESCRIPTOR>& config) {
    const auto engine = config.get<CUDNN_ATTR_ENGINECFG_ENGINE>();
    engine_facts facts{.engine = engine.get<CUDNN_ATTR_ENGINE_GLOBAL_INDEX>()};
    for (const auto note : engine.get_all<CUDNN_ATTR_ENGINE_NUMERICAL_NOTE>()) facts.notes.push_back(note_name(note));
    for (const auto note : engine.get_all<CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE>()) facts.notes.push_back(note_name(note));
    return facts;
}

// Tensor cores turn f32 into TF32; what 16-bit types lose is decided already.
STRATA_INLINE bool convolves_f32(const operation_graph& graph) {
    for (const operation& o : graph.operations()) {
        if (o.kind <= operation_kind::convolution_backward_filter && graph.at(o.arguments.front().id).type == data_type::f32) return true;
    }
    return false;
}

// Why the filter does not want this engine; empty when it does.
STRATA_INLINE std::string filtered(const engine_facts& facts, const engine_filter& filter, bool convolves_f32) {
    if (filter.deterministic && facts.has("NONDETERMINISTIC")) return "NONDETERMINISTIC, and the run is to be deterministic";
    // Pooling, norm, pointwise and reduction engines carry TENSOR_CORE too, and mean nothing by it.
    if (!filter.strict_fp32 || !convolves_f32) return {};
    for (const char* note : {"TENSOR_CORE", "DOWN_CONVERT_INPUTS", "REDUCED_PRECISION_REDUCTION"}) {
        if (facts.has(note)) return std::string(note) + ", and fp32 is to stay fp32";
    }
    return {};
}

// What became of each configuration offered, for the error.
class account {
public:
    void add(std::int64_t engine, const std::string& fate) {
        const std::string line = "\n  engine " + std::to_string(engine) + ": " + fate;
        if (line == last_) return;  // the same engine with other knobs
        last_ = line;
        if (++lines_ <= most) { text_ += line; }
    }
    void add(const std::string& fate) { text_ += "\n  " + fate; }
    std::string text() const { return lines_ > most ? text_ + "\n  and " + std::to_string(lines_ - most) + " more" : text_; }

private:
    static constexpr int most = 16;
    std::string text_, last_;
    int lines_ = 0;
};

}  // namespace detail

// Makes plans; the friend of plan.
class plan_maker {
public:
    plan_maker(const operation_graph& graph, const target& target, const engine_filter& filter, const std::string& what)
        : graph_(graph), target_(target), filter_(filter), what_(what) {}

    std::vector<plan> make(std::size_t most) {
        std::vector<plan> plans;
        try {
            const graph_descriptors made(graph_);
            for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
                const char* words = mode == CUDNN_HEUR_MODE_A ? "heuristic A" : "heuristic FALLBACK";
                for (auto& config : offered(made, mode, words)) {
                    if (plans.size() == most) return plans;
                    if (auto made_plan = finalize(std::move(config))) plans.push_back(std::move(*made_plan));
                }
            }
        } catch (const cudnn_error& e) {
            if (!is_refusal(e.status)) throw cudnn_error(what_ + ": " + e.what() + "\n" + graph_.describe(), e.status);
            account_.add(e.what());
        }
        return plans;
    }

    std::string sentence() const {
        return what_ + ": cuDNN " + version() + " has no plan for\n" + graph_.describe() + "\nTried:" + account_.text();
    }

private:
    using engine_config = descriptor<CUDNN_BACKEND_ENGINECFG_DESCRIPTOR>;

    std::vector<engine_config> offered(const graph_descriptors& made, cudnnBackendHeurMode_t mode, const char* words) {
        try {
            descriptor<CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR> heuristic;
            heuristic.set<CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH>(made.get())
                .set<CUDNN_ATTR_ENGINEHEUR_MODE>(mode)
                .set<CUDNN_ATTR_ENGINEHEUR_DEVICEPROP>(target_.get())
                .finalize();
            auto configs = heuristic.get_all<CUDNN_ATTR_ENGINEHEUR_RESULTS>();
            if (configs.empty()) account_.add(std::string(words) + " offers nothing");
            return configs;
        } catch (const cudnn_error& e) {
            if (!is_refusal(e.status)) throw;
            account_.add(std::string(words) + ": " + e.what());
            return {};
        }
    }

    std::optional<plan> finalize(engine_config config) {
        plan result(graph_, what_);
        result.facts_ = detail::facts_of(config);
        const std::int64_t engine = result.facts_.engine;
        if (const std::string why = detail::filtered(result.facts_, filter_, detail::convolves_f32(graph_)); !why.empty()) {
            account_.add(engine, why);
            return std::nullopt;
        }
        try {
            result.descriptor_.set<CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG>(config)
                .set<CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP>(target_.get())
                .finalize();
            result.read_workspace();
        } catch (const cudnn_error& e) {
            if (!is_refusal(e.status)) throw cudnn_error("engine " + std::to_string(engine) + ": " + e.what(), e.status);
            account_.add(engine, e.what());
            return std::nullopt;
        }
        if (result.workspace_bytes_ > filter_.workspace_limit) {
            account_.add(engine, "needs a workspace of " + std::to_string(result.workspace_bytes_) + " bytes, and the limit is " +
                                     std::to_string(filter_.workspace_limit));
            return std::nullopt;
        }
        result.config_.push_back(std::move(config));
        return result;
    }

    const operation_graph& graph_;
    const target& target_;
    const engine_filter& filter_;
    const std::string& what_;
    detail::account account_;
};

STRATA_INLINE std::vector<plan> find_plans(const operation_graph& graph, const target& target, const engine_filter& filter,
                                           const std::string& what, std::size_t most, std::string* why) {
    plan_maker maker(graph, target, filter, what);
    std::vector<plan> plans = maker.make(most);
    if (plans.empty() && why != nullptr) *why = maker.sentence();
    return plans;
}

STRATA_INLINE std::optional<plan> try_plan(const operation_graph& graph, const target& target, const engine_filter& filter,
                                           const std::string& what, std::string* why) {
    std::vector<plan> plans = find_plans(graph, target, filter, what, 1, why);
    if (plans.empty()) return std::nullopt;
    return std::move(plans.front());
}

STRATA_INLINE plan find_plan(const operation_graph& graph, const target& target, const engine_filter& filter, const std::string& what) {
    std::string why;
    if (auto found = try_plan(graph, target, filter, what, &why)) return std::move(*found);
    throw no_plan(why);
}

}  // namespace strata::inline STRATA_ABI::cudnn
