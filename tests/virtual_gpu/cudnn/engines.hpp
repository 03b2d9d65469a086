// SPDX-License-Identifier: MIT
// Which engines the virtual cuDNN has for a graph on a GPU of a compute capability: the table of what real cuDNN 9.19 accepts, in rules.
#pragma once

#include "graph.hpp"

#include <memory>
#include <vector>

namespace vgpu::dnn {

struct engine {
    std::int64_t index = 0;
    std::vector<int> numerical_notes, behavior_notes;
    std::int64_t workspace = 0;
    bool tf32 = false;  // rounds f32 inputs to tf32

    bool noted(int numerical_note) const;
};

struct answer {
    std::vector<engine> engines;
    std::string reason;  // why there is none
};
answer engines_for(const graph& operations, int compute_capability, cudnnBackendHeurMode_t mode);

}  // namespace vgpu::dnn
