// SPDX-License-Identifier: MIT
// Running a graph of the virtual cuDNN: every operation in plain loops, on the memory that the variant pack names.
#pragma once

#include "engines.hpp"

#include <map>
#include <memory>

namespace vgpu::dnn {

/// What a run needs beside device memory; it owns all of it, since it happens later.
struct run {
    std::shared_ptr<const graph> operations;
    std::shared_ptr<const engine> chosen;
    std::map<std::int64_t, void*> pointers;  // of the bound tensors in device memory
    std::map<std::int64_t, float> values;    // of the tensors given by value, read when the plan was executed
    std::byte* workspace = nullptr;
    std::uint64_t seed = 0;                  // of the scrambling
};
/// Device memory must be open. Throws std::exception when something is wrong that only now can be seen.
void execute(const run& what);

/// Elements in memory as dense floats: (N, H, W, C) of four dimensions N, C, H, W, else in the order of the dimensions.
std::vector<float> load(const tensor& shape, const void* memory);
void store(const tensor& shape, const std::vector<float>& values, void* memory);
/// What a value becomes when it is stored in this type.
float rounded(float value, cudnnDataType_t type);

}  // namespace vgpu::dnn
