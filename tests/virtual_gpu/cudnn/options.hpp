// SPDX-License-Identifier: MIT
// What tests may ask of the virtual cuDNN and cuBLASLt beside their API: what is opaque on hardware is scrambled by a seed, what hardware
// may refuse is refused on demand, and every backend call can be recorded for a replay against the real cuDNN (replay.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vgpu {

/// Index values of max pooling, which of equal values a maximum is taken from, and the order of the bits in cuBLASLt's ReLU mask.
/// 0: the plain order, and the first of equals. Set it before the first plan or matmul of a run. VGPU_SCRAMBLE sets the first value.
void scramble(std::uint64_t seed);
std::uint64_t scrambled();

/// From now on no engine is offered for `what`: the name of a graph as graphs_seen() gives it ("convolution_forward+add+relu_forward"),
/// "fused" for every graph of more than one operation, or a cuBLASLt epilogue ("RELU_AUX_BIAS"; "epilogues" for all but DEFAULT).
/// "one order of the mask for all rows": cuBLASLt's ReLU mask is in another order in each. A graph's plan that exists
/// stays usable.
void refuse(std::string what);
void accept_all();
bool refused(const std::string& what);

/// The graphs that heuristics were asked about, and the epilogues, each once, in the order of their first appearance.
std::vector<std::string> graphs_seen();
std::vector<std::string> epilogues_seen();
void forget_seen();

/// Writes every backend call, with its status, to a file until stop_recording(). VGPU_RECORD names a file for the whole process.
void record(const std::string& file);
void stop_recording();

namespace detail {
void saw_graph(const std::string& name);
void saw_epilogue(const std::string& name);
}  // namespace detail

}  // namespace vgpu
