// SPDX-License-Identifier: MIT
// cuDNN's graph API alone, without networks: a convolution, its bias and a ReLU as one graph, which cuDNN runs as one kernel.
//     cudnn_graph                                  runs it on the GPU of this machine
//     cudnn_graph tests/devices/h100_sm90.json     tells which plan cuDNN would take on a GPU that is only described; needs none here
#include <strata/backend/cuda/cudnn/engines.hpp>
#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/disk/read_file.hpp>

#include <cstdio>
#include <exception>
#include <vector>

using namespace strata;
using namespace strata::cudnn;

int main(int argc, char** argv) try {
    // Ids name the tensors to the variant pack below. What lies between the three operations is virtual: it never reaches memory.
    const tensor x = channels_last(0, data_type::f32, 128, 32, 32, 3), w = filter(1, data_type::f32, 96, 3, 3, 3);
    const tensor bias = per_channel(2, data_type::f32, 96), y = channels_last(3, data_type::f32, 128, 32, 32, 96);
    const tensor sum = as_virtual(channels_last(4, data_type::f32, 128, 32, 32, 96));
    const tensor biased = as_virtual(channels_last(5, data_type::f32, 128, 32, 32, 96));
    operation_graph graph;
    graph.convolution_forward(x, w, sum, window::square(3, 1, 1));
    graph.add(sum, bias, biased);
    graph.relu(biased, y);

    if (argc == 2) {  // a described GPU
        const plan found = find_plan(graph, target::described(read_text(argv[1])), {}, "example");
        std::printf("%s\nengine %lld, workspace %lld bytes", graph.describe().c_str(), static_cast<long long>(found.engine()),
                    static_cast<long long>(found.workspace_bytes()));
        for (const auto& note : found.notes()) std::printf(", %s", note.c_str());
        std::printf("\n");
        return 0;
    }

    const handle handle;  // on the default stream
    const plan plan = find_plan(graph, target::of(handle), {.deterministic = true}, "example");
    const cuda::device_memory workspace(plan.workspace_bytes());
    std::vector<cuda::device_memory> memory;
    std::vector<binding> bindings;
    for (const tensor& t : graph.bound()) {
        memory.emplace_back(t.bytes());
        cuda::zero(memory.back().data(), t.bytes(), nullptr);
        bindings.push_back({t.id, memory.back().data()});
    }
    const std::vector<float> ones(96, 1.0f);  // with x = 0 every result is its bias
    std::vector<float> results(static_cast<std::size_t>(y.elements()));
    cuda::copy(memory[2].data(), ones.data(), bias.bytes(), nullptr);
    plan.execute(handle, bindings, workspace.data());
    cuda::copy(results.data(), memory[3].data(), y.bytes(), nullptr);
    std::printf("engine %lld gave %g ... %g\n", static_cast<long long>(plan.engine()), results.front(), results.back());
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
