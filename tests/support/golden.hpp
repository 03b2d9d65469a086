// SPDX-License-Identifier: MIT
// The stored vectors of Keras and PyTorch (tests/golden/README.md), each with the conventions that it was made under.
#pragma once

#include <strata/files/safetensors.hpp>
#include <strata/network/conventions.hpp>

#include <set>
#include <string>
#include <vector>

namespace testing {

struct golden {
    std::string name;
    strata::conventions conventions;
    strata::safetensors::contents file;

    std::vector<float> floats(const std::string& key) const { return file.floats(key); }
    std::vector<std::int32_t> integers(const std::string& key) const { return file.integers(key); }
    bool has(const std::string& key) const { return file.find(key) != nullptr; }
    std::vector<std::int64_t> dims(const std::string& key) const { return file.find(key)->shape; }
    // The second parts of names: cases("ops") of "ops/dense/input" holds "dense".
    std::set<std::string> cases(const std::string& group) const {
        std::set<std::string> found;
        for (const auto& t : file.tensors()) {
            if (t.name.rfind(group + "/", 0) != 0) continue;
            const auto begin = group.size() + 1;
            found.insert(t.name.substr(begin, t.name.find('/', begin) - begin));
        }
        return found;
    }
};

inline std::vector<golden> golden_files() {
    const std::string folder = STRATA_GOLDEN_DIR;
    std::vector<golden> files;
    files.push_back({"keras", strata::conventions::keras, strata::safetensors::read(folder + "/keras.safetensors")});
    files.push_back({"torch", strata::conventions::torch, strata::safetensors::read(folder + "/torch.safetensors")});
    return files;
}

}  // namespace testing
