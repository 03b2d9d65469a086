// SPDX-License-Identifier: MIT
// The table of what real cuDNN 9.19 accepts, in rules, with the notes that its engines carry (measured with replay.cpp on described GPUs).
#include "engines.hpp"

#include "options.hpp"

#include <algorithm>

namespace vgpu::dnn {
namespace {

constexpr int tensor_core = CUDNN_NUMERICAL_NOTE_TENSOR_CORE, down_convert = CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
constexpr int reduced = CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION, nondeterministic = CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
constexpr int strict_nan = CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP;
constexpr int compiled = CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION, native_graph = CUDNN_BEHAVIOR_NOTE_SUPPORTS_CUDA_GRAPH_NATIVE_API;

bool is_convolution(const operation& one) {
    return one.kind == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR ||
           one.kind == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR ||
           one.kind == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR;
}
bool is_pointwise(const operation& one) { return one.kind == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR; }

/// The type of what the graph's main operation reads and writes in memory.
cudnnDataType_t io_type(const graph& operations) {
    for (const tensor& one : operations.bound)
        if (one.dims.size() > 1 && one.count() > 1 && (one.type == CUDNN_DATA_BFLOAT16 || one.type == CUDNN_DATA_HALF)) return one.type;
    return CUDNN_DATA_FLOAT;
}

struct asked {
    const graph& operations;
    int capability;
    bool fallback;
    cudnnDataType_t type;
    const operation* main = nullptr;  // the one that is no pointwise operation; null when there is none
    std::size_t pointwise = 0;
};

answer none(std::string reason) { return {{}, std::move(reason)}; }

// cuDNN takes beta of a convolution, and other alphas, but this project has no use for them: not tried, not offered.
bool plain_factors(const operation& one) {
    using pair = std::pair<int, double>;
    for (const auto& [name, usual] :
         {pair{CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, 1.0}, pair{CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, 0.0},
          pair{CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, 1.0}, pair{CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA, 0.0},
          pair{CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, 1.0}, pair{CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA, 0.0},
          pair{CUDNN_ATTR_OPERATION_RESAMPLE_FWD_ALPHA, 1.0}, pair{CUDNN_ATTR_OPERATION_RESAMPLE_FWD_BETA, 0.0},
          pair{CUDNN_ATTR_OPERATION_RESAMPLE_BWD_ALPHA, 1.0}, pair{CUDNN_ATTR_OPERATION_RESAMPLE_BWD_BETA, 0.0}})
        if (one.self->real(name, usual) != usual) return false;
    return true;
}

answer convolutions(const asked& what) {
    const operation& main = *what.main;
    const bool f32 = what.type == CUDNN_DATA_FLOAT, fused = what.pointwise != 0, old = what.capability < 80;
    const bool filter = main.kind == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR;
    const bool data = main.kind == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
    const tensor& x = main.kind == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR
                          ? main.at(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X)
                      : data ? main.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX)
                             : main.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X);
    const std::int64_t channels = x.dims[1];
    if (what.type == CUDNN_DATA_BFLOAT16 && old) return none("bf16 needs compute capability 8.0");
    for (const auto& [name, w] : main.reads)
        if (w.dims[1] != channels &&
            (name == CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W || name == CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W))
            return none("grouped convolutions are unknown to the virtual GPU");
    for (const operand_list* list : {&main.reads, &main.writes})
        for (const auto& [name, t] : *list)
            if (!t.channels_last()) return none("tensors must be NHWC");
    if (!plain_factors(main)) return none("alpha 1 and beta 0 alone");
    for (const auto& [name, t] : main.reads)
        if (t.type != what.type) return none("inputs of mixed types");
    const tensor& out = main.writes[0].second;
    if (!out.is_virtual && out.type != what.type) return none("the output must be of the inputs' type");
    if (fused && !f32 && data && channels == 3) return none("a backward data fusion needs more than 3 channels");
    if (fused && filter && channels == 3) return none("a backward filter fusion needs more than 3 channels");
    if (fused && data && channels == 3) return none("a backward data fusion needs more than 3 channels");
    if (fused && filter && old) return none("a backward filter fusion needs compute capability 8.0");
    const std::int64_t large = static_cast<std::int64_t>(x.count() * sizeof(float)), small = 16 * (channels + out.dims[1]);
    const std::vector<int> here = fused && (data || filter) ? std::vector<int>{compiled, native_graph} : std::vector<int>{};
    if (!f32) {
        if (what.fallback) return {{{100, {}, here, large}, {101, {reduced, nondeterministic}, here, 0}, {102, {strict_nan}, here, 0}}, ""};
        return {{{10, {tensor_core}, here, 0}, {11, {tensor_core}, here, large}, {12, {tensor_core}, {compiled, native_graph}, small}}, ""};
    }
    // Of f32, the first engines round to tf32 where there are tensor cores that can.
    if (fused && filter) {
        if (what.fallback) return {{{112, {tensor_core}, here, 0, true}}, ""};
        return {{{20, {tensor_core}, here, 0, true}, {21, {tensor_core}, here, small, true}}, ""};
    }
    if (what.fallback) {
        if (fused) return {{{110, {}, here, small}}, ""};
        return {{{110, {}, here, large}, {111, {nondeterministic}, here, 0}, {113, {strict_nan}, here, 0}}, ""};
    }
    if (old) return {{{30, {}, here, small}, {31, {}, here, 0}}, ""};
    answer all{{{20, {tensor_core}, here, small, true}, {21, {tensor_core, down_convert}, here, 0, true}}, ""};
    if (filter) all.engines.insert(all.engines.begin(), engine{22, {nondeterministic}, here, 0});
    if (!fused) all.engines.push_back({23, {}, here, large}), all.engines.push_back({24, {strict_nan}, here, 0});
    return all;
}

answer pooling(const asked& what) {
    const operation& main = *what.main;
    const bool forward = main.kind == CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR,
               max = main.settings->integer(CUDNN_ATTR_RESAMPLE_MODE) == CUDNN_RESAMPLE_MAXPOOL;
    if (what.type == CUDNN_DATA_BFLOAT16 && what.capability < 80) return none("bf16 needs compute capability 8.0");
    if (what.pointwise != 0) return none("pooling alone");
    for (const operand_list* list : {&main.reads, &main.writes})
        for (const auto& [name, t] : *list)
            if (!t.channels_last()) return none("tensors must be NHWC");
    if (!plain_factors(main)) return none("alpha 1 and beta 0 alone");
    const tensor* const index = main.find(forward ? CUDNN_ATTR_OPERATION_RESAMPLE_FWD_IDXDESC : CUDNN_ATTR_OPERATION_RESAMPLE_BWD_IDXDESC);
    if (max && main.settings->integer(CUDNN_ATTR_RESAMPLE_PADDING_MODE) != CUDNN_NEG_INF_PAD)
        return none("max pooling pads with minus infinity");
    if (max && !forward && index == nullptr) return none("max pooling backward needs the index");
    if (index != nullptr && (!max || index->type != CUDNN_DATA_INT8)) return none("an index is of type int8, of max pooling");
    const auto size = main.settings->fractions(CUDNN_ATTR_RESAMPLE_WINDOW_DIMS);
    if (index != nullptr && size[0] * size[1] > 128) return none("an int8 index holds windows of up to 128 elements");
    const std::vector<int> notes = forward && index == nullptr ? std::vector<int>{} : std::vector<int>{tensor_core};
    if (what.fallback) return {{{150, notes, {compiled, native_graph}, 0}}, ""};
    return {{{50, notes, {compiled, native_graph}, 0}, {51, notes, {compiled, native_graph}, 0}}, ""};
}

answer norms(const asked& what) {
    const operation& main = *what.main;
    if (what.capability < 80) return none("norm needs compute capability 8.0");
    if (main.name == "batch_norm_inference") return none("batch norm inference has no engine: write it as pointwise operations");
    if (what.pointwise > 1) return none("a norm and one pointwise operation");
    if (what.pointwise == 1 && what.operations.operations.back().name != "relu_forward") return none("a norm and a ReLU");
    for (const operand_list* list : {&main.reads, &main.writes})
        for (const auto& [name, t] : *list) {
            const bool scalar = name == CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC ||
                                name == CUDNN_ATTR_OPERATION_NORM_FWD_EXP_AVG_FACTOR_DESC ||
                                name == CUDNN_ATTR_OPERATION_NORM_BWD_EPSILON_DESC;
            if (scalar && !t.by_value) return none("epsilon and the averaging factor are given by value");
            if (!scalar && !t.channels_last()) return none("tensors must be NHWC");
            const bool statistic = !scalar && t.count() == static_cast<std::size_t>(t.dims[1]);
            if (statistic && t.type != CUDNN_DATA_FLOAT && t.dims[0] == 1) return none("statistics, scale and bias are f32");
        }
    const std::int64_t channels = main.reads[0].second.dims[1];
    if (channels % (what.type == CUDNN_DATA_FLOAT ? 4 : 8) != 0) return none("a norm's channels must be a multiple of 16 bytes");
    if (what.fallback) return {{{160, {}, {compiled}, 64 * channels}}, ""};
    return {{{60, {}, {compiled}, 32 * channels + 52}, {61, {}, {compiled}, 16 * channels + 24}}, ""};
}

answer small(const asked& what) {  // pointwise operations and reductions, or a matmul with pointwise operations
    if (what.type == CUDNN_DATA_BFLOAT16 && what.capability < 80) return none("bf16 needs compute capability 8.0");
    if (what.fallback) return {{{170, {tensor_core}, {compiled, native_graph}, 0}}, ""};
    return {{{70, {tensor_core}, {compiled, native_graph}, 0}, {71, {tensor_core}, {compiled, native_graph}, 0}}, ""};
}

}  // namespace

bool engine::noted(int note) const { return std::find(numerical_notes.begin(), numerical_notes.end(), note) != numerical_notes.end(); }

answer engines_for(const graph& operations, int compute_capability, cudnnBackendHeurMode_t mode) {
    detail::saw_graph(operations.name);
    if (refused(operations.name) || (operations.operations.size() > 1 && refused("fused"))) return none("refused on demand");
    if (mode != CUDNN_HEUR_MODE_A && mode != CUDNN_HEUR_MODE_FALLBACK) return none("modes A and FALLBACK alone");
    asked what{operations, compute_capability, mode == CUDNN_HEUR_MODE_FALLBACK, io_type(operations)};
    const operation* reduction = nullptr;
    for (const operation& one : operations.operations) {
        if (is_pointwise(one)) ++what.pointwise;
        else if (one.kind == CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR && reduction == nullptr) reduction = &one;
        else if (what.main == nullptr) what.main = &one;
        else return none("more than one operation that is not pointwise");
    }
    for (const tensor& one : operations.bound) {
        if (one.type == CUDNN_DATA_DOUBLE || one.type == CUDNN_DATA_INT64) return none("f64 and i64 are unknown to the virtual GPU");
        if (operations.operations.size() > 1 && one.by_value && what.main == nullptr) continue;
    }
    if (what.main == nullptr) return small(what);
    if (reduction != nullptr) return none("a reduction is fused with pointwise operations alone");
    if (is_convolution(*what.main)) return convolutions(what);
    switch (what.main->kind) {
        case CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR:
        case CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR: return pooling(what);
        case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR: {
            answer all = small(what);
            for (engine& one : all.engines) one.tf32 = what.type == CUDNN_DATA_FLOAT && compute_capability >= 80;
            return all;
        }
        default: return norms(what);
    }
}

}  // namespace vgpu::dnn
