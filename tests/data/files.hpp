// SPDX-License-Identifier: MIT
// What the tests of data share: a folder that goes away, files of made-up bytes, and the message of an expected invalid_input.
#pragma once

#include <strata/core/error.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace test {

class temporary_directory {
public:
    temporary_directory() {
        std::string name = (std::filesystem::temp_directory_path() / "strata-data-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    std::string path(const std::string& name = "") const { return name.empty() ? path_ : path_ + "/" + name; }

private:
    std::string path_;
};

inline void write_file(const std::string& path, std::span<const std::uint8_t> bytes) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

inline std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

inline std::vector<std::uint8_t> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file.is_open());
    return bytes_of(std::string(std::istreambuf_iterator<char>(file), {}));
}

// Bytes that look random and are the same everywhere.
class noise {
public:
    explicit noise(std::uint64_t seed) : state_(seed * 2 + 1) {}
    std::uint32_t next() {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::uint32_t>(state_ >> 33);
    }
    std::uint32_t below(std::size_t bound) { return next() % static_cast<std::uint32_t>(bound); }

private:
    std::uint64_t state_;
};

// A batch file of CIFAR-10: rows of a label and 3,072 noisy bytes.
inline std::vector<std::uint8_t> batch_of(int rows, std::uint64_t seed) {
    noise draw(seed);
    std::vector<std::uint8_t> bytes;
    for (int row = 0; row < rows; ++row) {
        bytes.push_back(static_cast<std::uint8_t>(draw.below(10)));
        for (int i = 0; i < 3072; ++i) bytes.push_back(static_cast<std::uint8_t>(draw.next()));
    }
    return bytes;
}

// What `call` says when it refuses its input; any other way out of it fails the test.
template <class Call>
std::string refusal_of(const Call& call) {
    try {
        call();
    } catch (const strata::invalid_input& refused) { return refused.what(); } catch (const std::exception& other) {
        FAIL("not an invalid_input: " << other.what());
    }
    FAIL("nothing was refused");
    return {};
}

inline bool says(const std::string& message, const std::string& part) {
    const bool found = message.find(part) != std::string::npos;
    if (!found) MESSAGE("'" << message << "' does not say '" << part << "'");
    return found;
}

}  // namespace test
