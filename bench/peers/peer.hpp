// SPDX-License-Identifier: MIT
// What the C++ peers of bench/peers/run.py share: the file of work (pictures, labels, initial weights, the same for every peer), the
// process's memory, the JSON lines, and the pacing: run.py answers each line with one of its own when the next round may begin.
#pragma once

#include <strata/core/error.hpp>
#include <strata/files/json.hpp>
#include <strata/files/safetensors.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace bench {

// Written by peers/work.py: "pictures" U8 (N, 32, 32, 3), "labels" I32 (N), and parameters under strata's names in canonical layouts.
struct work {
    strata::safetensors::contents file;
    std::vector<std::uint8_t> pictures;
    std::vector<std::int32_t> labels;

    explicit work(const std::string& path)
        : file(strata::safetensors::read(path)), pictures(file.bytes("pictures")), labels(file.integers("labels")) {
        if (labels.empty() || pictures.size() != labels.size() * 3072)
            throw strata::invalid_input(path + ": pictures and labels do not fit together; write it again with peers/work.py");
    }
    std::size_t rows() const { return labels.size(); }
};

// Of /proc/self/status, in MB: "VmRSS" (what is resident now), "VmHWM" (the most since forget_peak).
inline double megabytes(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind(field + ":", 0) == 0) return std::strtod(line.c_str() + field.size() + 1, nullptr) / 1024;
    return 0;
}
inline void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

class stopwatch {
public:
    double seconds() const { return std::chrono::duration<double>(clock::now() - began_).count(); }

private:
    using clock = std::chrono::steady_clock;
    clock::time_point began_ = clock::now();
};

// {"framework": "strata", ...}: values are JSON already.
class json_line {
public:
    json_line& text(const std::string& key, const std::string& value) { return put(key, strata::json::quoted(value)); }
    json_line& number(const std::string& key, double value) { return put(key, strata::json::number(value)); }
    json_line& numbers(const std::string& key, const std::vector<double>& values) {
        std::string list;
        for (const double value : values) list += (list.empty() ? "" : ", ") + strata::json::number(value);
        return put(key, "[" + list + "]");
    }
    void print() const {
        std::printf("{%s}\n", fields_.c_str());
        std::fflush(stdout);
    }

private:
    json_line& put(const std::string& key, const std::string& value) {
        fields_ += (fields_.empty() ? "" : ", ") + strata::json::quoted(key) + ": " + value;
        return *this;
    }
    std::string fields_;
};

// After each line: whether there shall be another round. The first round warms up, and its peak of memory is forgotten.
class pace {
public:
    pace(int epochs, bool asked) : epochs_(epochs), asked_(asked), baseline_(megabytes("VmRSS")) { forget_peak(); }

    double memory_above_baseline() const { return megabytes("VmHWM") - baseline_; }
    bool another() {
        if (done_++ == 0) forget_peak();
        if (!asked_) return done_ < epochs_;
        std::string line;
        return static_cast<bool>(std::getline(std::cin, line));
    }

private:
    int epochs_;
    bool asked_;
    double baseline_;
    int done_ = 0;
};

}  // namespace bench
