// SPDX-License-Identifier: MIT
// The switches of options.hpp, but for the recording.
#include "options.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <set>

namespace vgpu {
namespace {

struct switches {
    std::mutex mutex;
    std::uint64_t seed = 0x9e3779b97f4a7c15U;
    std::set<std::string> refused;
    std::vector<std::string> graphs, epilogues;

    switches() {
        if (const char* const text = std::getenv("VGPU_SCRAMBLE")) seed = std::strtoull(text, nullptr, 0);
    }
};
switches& all() {
    static switches one;
    return one;
}
void add_once(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace

void scramble(std::uint64_t seed) {
    const std::lock_guard lock(all().mutex);
    all().seed = seed;
}
std::uint64_t scrambled() {
    const std::lock_guard lock(all().mutex);
    return all().seed;
}
void refuse(std::string what) {
    const std::lock_guard lock(all().mutex);
    all().refused.insert(std::move(what));
}
void accept_all() {
    const std::lock_guard lock(all().mutex);
    all().refused.clear();
}
bool refused(const std::string& what) {
    const std::lock_guard lock(all().mutex);
    return all().refused.count(what) != 0;
}
std::vector<std::string> graphs_seen() {
    const std::lock_guard lock(all().mutex);
    return all().graphs;
}
std::vector<std::string> epilogues_seen() {
    const std::lock_guard lock(all().mutex);
    return all().epilogues;
}
void forget_seen() {
    const std::lock_guard lock(all().mutex);
    all().graphs.clear();
    all().epilogues.clear();
}
void detail::saw_graph(const std::string& name) {
    const std::lock_guard lock(all().mutex);
    add_once(all().graphs, name);
}
void detail::saw_epilogue(const std::string& name) {
    const std::lock_guard lock(all().mutex);
    add_once(all().epilogues, name);
}

}  // namespace vgpu
