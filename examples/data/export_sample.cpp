// SPDX-License-Identifier: MIT
// Writes the bundled sample into a directory in CIFAR-10's binary layout, for benches and parity scripts that read only that.
//
//   export_sample PACK DIR      writes DIR/data_batch_1.bin (4,000 rows), DIR/test_batch.bin (1,000 rows), DIR/batches.meta.txt
#include "cifar10_sample.hpp"

#include <strata/core/error.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include <sys/stat.h>

namespace {

void write_file(const std::string& path, const std::string& bytes) {
    const std::string aside = path + ".partial";
    std::FILE* file = std::fopen(aside.c_str(), "wb");
    if (!file) throw strata::invalid_input(aside + ": cannot be written (" + std::strerror(errno) + ")");
    const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
    if (std::fclose(file) != 0 || !written || std::rename(aside.c_str(), path.c_str()) != 0) {
        const std::string why = std::strerror(errno);
        std::remove(aside.c_str());
        throw strata::io_error(path + ": writing failed (" + why + ")");
    }
}

// (rows, H, W, C) to rows of a label and three planes (C, H, W).
std::string batch_of(const strata::dataset& data) {
    std::string bytes;
    const auto size = static_cast<std::size_t>(data.picture.size()), pixels = size / 3;
    bytes.reserve(data.labels.size() * (1 + size));
    for (std::size_t row = 0; row < data.labels.size(); ++row) {
        bytes += static_cast<char>(data.labels[row]);
        for (std::size_t channel = 0; channel < 3; ++channel)
            for (std::size_t pixel = 0; pixel < pixels; ++pixel) bytes += static_cast<char>(data.bytes[row * size + 3 * pixel + channel]);
    }
    return bytes;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::fputs("usage: export_sample PACK DIR\n", stderr);
        return 2;
    }
    const std::string pack = argv[1], directory = argv[2];
    const strata::dataset train = examples::load_sample_train(pack), test = examples::load_sample_test(pack);
    if (::mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST)
        throw strata::invalid_input(directory + ": the directory cannot be made (" + std::strerror(errno) + ")");
    std::string names;
    for (const std::string& name : train.class_names) names += name + '\n';
    write_file(directory + "/batches.meta.txt", names);
    write_file(directory + "/data_batch_1.bin", batch_of(train));
    write_file(directory + "/test_batch.bin", batch_of(test));
    return 0;
} catch (const strata::invalid_input& problem) {
    std::fprintf(stderr, "export_sample: %s\n", problem.what());
    return 2;
} catch (const std::exception& problem) {
    std::fprintf(stderr, "export_sample: %s\n", problem.what());
    return 1;
}
