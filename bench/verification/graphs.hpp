// SPDX-License-Identifier: MIT
// One cuDNN graph or one matrix product on the GPU, alone: arrays of f32 in, arrays of f32 out. For the assumptions that no training step
// shows by itself.
#pragma once

#include <strata/backend/cuda/cublaslt/matmul.hpp>
#include <strata/backend/cuda/cudnn/engines.hpp>
#include <strata/backend/cuda/runtime/graph.hpp>
#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/kernels/bf16.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace verification {

using namespace strata;

using arrays = std::map<std::int64_t, std::vector<float>>;  // by the tensor's number

// The libraries, and a stream of their own.
struct bench_gpu {
    cuda::stream on;
    cudnn::handle dnn{on.get()};
    cudnn::target target = cudnn::target::of(dnn);
    cublaslt::handle products;
};

// Values as a tensor of some type holds them, there and back; integers travel as they are.
inline std::vector<std::byte> bytes_of(const std::vector<float>& values, cudnn::data_type type) {
    std::vector<std::byte> bytes(values.size() * static_cast<std::size_t>(cudnn::bytes_of(type)));
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (type == cudnn::data_type::bf16) reinterpret_cast<kernels::bf16*>(bytes.data())[i] = kernels::bf16(values[i]);
        if (type == cudnn::data_type::f32) reinterpret_cast<float*>(bytes.data())[i] = values[i];
        if (type == cudnn::data_type::i8) bytes[i] = static_cast<std::byte>(static_cast<int>(values[i]));
    }
    return bytes;
}
inline std::vector<float> floats_of(const std::vector<std::byte>& bytes, cudnn::data_type type) {
    std::vector<float> values(bytes.size() / static_cast<std::size_t>(cudnn::bytes_of(type)));
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (type == cudnn::data_type::bf16) values[i] = static_cast<float>(reinterpret_cast<const kernels::bf16*>(bytes.data())[i]);
        if (type == cudnn::data_type::f32) values[i] = reinterpret_cast<const float*>(bytes.data())[i];
        if (type == cudnn::data_type::i8) values[i] = static_cast<float>(static_cast<std::int8_t>(bytes[i]));
    }
    return values;
}

// What a plan makes of its inputs: every other bound tensor. `capture`: once as it is, then captured, the variant pack thrown away, and
// launched; the arrays are those of the launch.
inline arrays run(const bench_gpu& gpu, const cudnn::plan& plan, const arrays& inputs, bool capture = false) {
    std::vector<std::pair<cudnn::tensor, cuda::device_memory>> memory;
    std::vector<cudnn::binding> bindings;
    for (const cudnn::tensor& t : plan.graph().bound()) {
        memory.emplace_back(t, cuda::device_memory(t.bytes()));
        bindings.push_back({t.id, memory.back().second.data()});
        cuda::zero(memory.back().second.data(), t.bytes(), gpu.on.get());
        if (const auto given = inputs.find(t.id); given != inputs.end()) {
            const std::vector<std::byte> bytes = bytes_of(given->second, t.type);
            cuda::copy(memory.back().second.data(), bytes.data(), static_cast<std::int64_t>(bytes.size()), gpu.on.get());
            gpu.on.synchronize();
        }
    }
    const cuda::device_memory workspace(plan.workspace_bytes());
    plan.execute(gpu.dnn, bindings, workspace.data());
    cuda::captured_graph captured;
    if (capture) {
        {
            const cudnn::variant_pack pack = plan.pack(bindings, workspace.data());
            captured = cuda::captured_graph::capture(gpu.on, [&] { plan.execute(gpu.dnn, pack); });
        }
        for (const auto& [t, at] : memory) {
            if (!inputs.contains(t.id)) cuda::zero(at.data(), t.bytes(), gpu.on.get());
        }
        captured.launch(gpu.on);
    }
    arrays outputs;
    for (const auto& [t, at] : memory) {
        if (inputs.contains(t.id)) continue;
        std::vector<std::byte> bytes(static_cast<std::size_t>(t.bytes()));
        cuda::copy(bytes.data(), at.data(), t.bytes(), gpu.on.get());
        gpu.on.synchronize();
        outputs[t.id] = floats_of(bytes, t.type);
    }
    return outputs;
}

// D (rows, columns) f32 = A (rows, inner) * B (columns, inner)^T, of one type.
inline std::vector<float> product(const bench_gpu& gpu, dtype type, std::int64_t rows, std::int64_t inner, std::int64_t columns,
                                  const std::vector<float>& a, const std::vector<float>& b) {
    const cublaslt::plan plan =
        cublaslt::find_plan(gpu.products, {.what = "a product",
                                           .a = {.type = type, .rows = rows, .columns = inner, .leading = inner},
                                           .b = {.type = type, .rows = columns, .columns = inner, .leading = inner, .transposed = true},
                                           .d = {.type = dtype::f32, .rows = rows, .columns = columns, .leading = columns}});
    const cudnn::data_type as = type == dtype::bf16 ? cudnn::data_type::bf16 : cudnn::data_type::f32;
    const std::vector<std::byte> left = bytes_of(a, as), right = bytes_of(b, as);
    std::vector<std::byte> result(static_cast<std::size_t>(rows * columns * 4));
    const auto size = [](const std::vector<std::byte>& v) { return static_cast<std::int64_t>(v.size()); };
    const cuda::device_memory at_a(size(left)), at_b(size(right)), at_d(size(result)), workspace(plan.workspace_bytes());
    cuda::copy(at_a.data(), left.data(), size(left), gpu.on.get());
    cuda::copy(at_b.data(), right.data(), size(right), gpu.on.get());
    plan.run(gpu.products, at_a.data(), at_b.data(), at_d.data(), workspace.data(), gpu.on.get());
    cuda::copy(result.data(), at_d.data(), size(result), gpu.on.get());
    gpu.on.synchronize();
    return floats_of(result, cudnn::data_type::f32);
}

inline std::vector<float> draws(std::int64_t count, std::uint32_t number, float low = -0.5f) {
    const random_stream draw{.seed = 11, .purpose = random_purpose::user, .layer = number};
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(draw.uniform(static_cast<std::uint64_t>(i)) + low);
    return values;
}

}  // namespace verification
