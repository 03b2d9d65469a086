// SPDX-License-Identifier: MIT
// The race detector: two pieces of work that touch the same bytes, one of them writing, must be ordered by a stream, an event, a graph or
// the host. It sees the regions of library calls, copies and memsets; of own kernels, whose arguments are opaque, only the order tells.
#include "state.hpp"

#include <algorithm>

namespace vgpu::detail {
namespace {

void add(std::vector<range>& out, const task& job) {
    for (const region& r : job.reads)
        if (r.bytes != 0) {
            const auto* begin = static_cast<const std::byte*>(r.data);
            out.push_back({begin, begin + r.bytes, false, job.name});
        }
    for (const region& r : job.writes)
        if (r.bytes != 0) {
            const auto* begin = static_cast<const std::byte*>(r.data);
            out.push_back({begin, begin + r.bytes, true, job.name});
        }
}

/// The names of two that collide, or nothing.
std::string collision(const std::vector<range>& a, const std::vector<range>& b) {
    for (const range& x : a)
        for (const range& y : b)
            if ((x.write || y.write) && x.begin < y.end && y.begin < x.end) {
                const std::byte* at = std::max(x.begin, y.begin);
                return "'" + y.name + "' " + (y.write ? "writes" : "reads") + " what '" + x.name + "' " + (x.write ? "writes" : "reads") +
                       " (" + describe(at) + "), and nothing orders them";
            }
    return {};
}

void report(const std::string& sentence) {
    if (!sentence.empty() && the().races.insert(sentence).second) report_misuse(sentence);
}

}  // namespace

ranges ranges_of(const task& job) {
    if (job.reads.empty() && job.writes.empty()) return nullptr;
    std::vector<range> all;
    add(all, job);
    return std::make_shared<const std::vector<range>>(std::move(all));
}

ranges ranges_of(const std::vector<node>& nodes) {
    std::vector<range> all;
    for (const node& n : nodes) add(all, n.job);
    return std::make_shared<const std::vector<range>>(std::move(all));
}

void check_races(const stream& s, const mark& reached, const ranges& touched) {
    for (const auto& [other, entries] : the().accesses) {
        if (other == s.id) continue;
        const auto known = reached.before.find(other);
        const std::uint64_t before = known == reached.before.end() ? 0 : known->second;
        for (const auto& entry : entries)
            if (entry.position > before) report(collision(*entry.touched, *touched));
    }
    the().accesses[s.id].push_back({reached.position, touched});
}

void check_races(const std::vector<node>& nodes) {
    std::vector<std::vector<bool>> before(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        before[i].assign(nodes.size(), false);
        for (const std::size_t a : nodes[i].after) {
            before[i][a] = true;
            for (std::size_t j = 0; j < a; ++j)
                if (before[a][j]) before[i][j] = true;
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (before[i][j]) continue;
            const ranges a = ranges_of(nodes[j].job), b = ranges_of(nodes[i].job);
            if (a != nullptr && b != nullptr) report(collision(*a, *b));
        }
    }
}

void forget_what_the_host_has_seen() {
    state& s = the();
    for (auto& [id, entries] : s.accesses) {
        const auto known = s.host.find(id);
        if (known == s.host.end()) continue;
        while (!entries.empty() && entries.front().position <= known->second) entries.pop_front();
    }
}

}  // namespace vgpu::detail
