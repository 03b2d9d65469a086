// SPDX-License-Identifier: MIT
// The GPUs that tests/devices describes, and the tensors that tests of plans keep writing.
#pragma once

#include <strata/backend/cuda/cudnn/engines.hpp>
#include <strata/disk/read_file.hpp>

#include <cstdlib>
#include <string>
#include <vector>

// cuDNN and cuBLASLt keep memory to the end of the process, some of it from libraries that are unloaded by then: no suppression names it.
// What strata forgets to free is counted on the virtual GPU.
extern "C" __attribute__((used)) inline const char* __asan_default_options() { return "detect_leaks=0"; }

namespace strata_tests {

inline std::string gpu_json(const std::string& name) {
    return strata::read_text(std::string(STRATA_TEST_DIR) + "/devices/" + name + ".json");
}

inline strata::cudnn::target gpu(const std::string& name) { return strata::cudnn::target::described(gpu_json(name)); }

inline const std::vector<std::string>& all_gpus() {
    static const std::vector<std::string> names{"a100_sm80", "rtx3090_sm86", "rtx4090_sm89", "h100_sm90", "b200_sm100", "rtx5090_sm120"};
    return names;  // and t4_sm75, which has neither bf16 nor batch norm
}

// A picture batch of 128, (128, h, h, c).
inline strata::cudnn::tensor pictures(std::int64_t id, strata::cudnn::data_type type, std::int64_t h, std::int64_t c) {
    return strata::cudnn::channels_last(id, type, 128, h, h, c);
}
inline strata::cudnn::tensor inner(std::int64_t id, std::int64_t h, std::int64_t c) {
    return strata::cudnn::as_virtual(pictures(id, strata::cudnn::data_type::f32, h, c));
}

}  // namespace strata_tests
