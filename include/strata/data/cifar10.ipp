// SPDX-License-Identifier: MIT
// Bodies of cifar10.hpp: the parser on bytes, and the files around it.
#pragma once

#include <strata/data/cifar10.hpp>

#include <strata/core/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>

#include <sys/stat.h>
#include <unistd.h>

namespace strata::inline STRATA_ABI {
namespace cifar10 {

namespace detail {

inline constexpr std::int64_t batch_bytes = rows_per_batch * row_bytes;
inline constexpr std::int64_t meta_bytes = 64 * 1024;  // the official batches.meta.txt has 61

STRATA_INLINE std::string advice() {
    return "give the directory that holds data_batch_1.bin and test_batch.bin, or fetch the set with script/fetch-cifar10";
}

STRATA_INLINE bool exists(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 || errno != ENOENT;  // what cannot be looked at exists: opening it says why not
}

// `directory` or its folder cifar-10-batches-bin, whichever holds the batches.
STRATA_INLINE std::string find_batches(const std::string& directory) {
    if (directory.empty()) throw invalid_input("the name of the data directory is empty; " + advice());
    struct stat info{};
    if (::stat(directory.c_str(), &info) != 0) {
        if (errno == ENOENT) throw invalid_input(directory + ": there is no such directory; " + advice());
        throw invalid_input(directory + ": the directory cannot be read (" + std::strerror(errno) + "); " + advice());
    }
    if (!S_ISDIR(info.st_mode)) throw invalid_input(directory + ": this is not a directory; " + advice());
    if (::access(directory.c_str(), X_OK) != 0)
        throw invalid_input(directory + ": the directory cannot be read (" + std::strerror(errno) + "); " + advice());
    const std::string inner = directory + "/cifar-10-batches-bin";
    const bool here = exists(directory + "/data_batch_1.bin") || exists(directory + "/test_batch.bin");
    return !here && exists(inner) ? inner : directory;
}

// The whole file, or its first `most` + 1 bytes: then it is over-long. Throws invalid_input for what can't be opened.
STRATA_INLINE std::vector<std::uint8_t> read_file(const std::string& path, std::int64_t most) {
    struct closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    struct stat info{};
    const bool there = ::stat(path.c_str(), &info) == 0;  // before it is opened: opening a pipe waits for a writer
    if (there && S_ISDIR(info.st_mode)) throw invalid_input(path + ": this is a directory, where a file is expected; " + advice());
    if (there && !S_ISREG(info.st_mode)) throw invalid_input(path + ": this is not a regular file; " + advice());
    const std::unique_ptr<std::FILE, closer> file(std::fopen(path.c_str(), "rb"));
    if (!file) {
        if (errno == ENOENT) throw invalid_input(path + ": this file is missing; " + advice());
        throw invalid_input(path + ": cannot be opened (" + std::strerror(errno) + "); " + advice());
    }
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(std::clamp<std::int64_t>(info.st_size, 0, most) + 1));
    std::size_t size = 0;
    while (true) {
        size += std::fread(bytes.data() + size, 1, bytes.size() - size, file.get());
        if (std::ferror(file.get())) throw io_error(path + ": reading failed (" + std::strerror(errno) + ")");
        if (size < bytes.size() || size > static_cast<std::size_t>(most)) break;
        bytes.resize(static_cast<std::size_t>(most) + 1);  // it grew, or is no plain file
    }
    bytes.resize(size);
    return bytes;
}

STRATA_INLINE std::string batch_name(int number) { return "data_batch_" + std::to_string(number) + ".bin"; }

STRATA_INLINE std::vector<std::string> read_class_names(file_source& source) {
    const std::string file = "batches.meta.txt";
    return source.has(file) ? parse_class_names(source.read(file), source.path(file)) : class_names();
}

class directory_source final : public file_source {
public:
    explicit directory_source(const std::string& directory) : folder_(find_batches(directory)) {}
    bool has(const std::string& file) const override { return exists(path(file)); }
    std::vector<std::uint8_t> read(const std::string& file) override {
        return read_file(path(file), file == "batches.meta.txt" ? meta_bytes : batch_bytes);
    }
    std::string path(const std::string& file) const override { return folder_ + "/" + file; }

private:
    std::string folder_;
};

}  // namespace detail

STRATA_INLINE std::vector<std::string> class_names() {
    return {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
}

STRATA_INLINE void parse_batch(std::span<const std::uint8_t> bytes, const std::string& name, dataset& into, std::int64_t limit) {
    const auto size = static_cast<std::int64_t>(bytes.size());
    if (size == 0) throw invalid_input(name + ": the file is empty; fetch the set again with script/fetch-cifar10");
    if (size > detail::batch_bytes)
        throw invalid_input(name + ": the file is too long: a batch has at most 10,000 rows of 3,073 bytes (" +
                            std::to_string(detail::batch_bytes) +
                            "); give batches in the binary layout, or fetch the set with script/fetch-cifar10");
    if (size % row_bytes != 0)
        throw invalid_input(name + ": the file is truncated or no CIFAR-10 batch: " + std::to_string(size) +
                            " bytes are not a whole number of rows of 3,073 bytes; fetch the set again with script/fetch-cifar10");
    const std::int64_t held = size / row_bytes, rows = std::clamp<std::int64_t>(limit, 0, held);
    for (std::int64_t row = 0; row < held; ++row)
        if (const int label = bytes[static_cast<std::size_t>(row * row_bytes)]; label >= classes)
            throw invalid_input(name + ": row " + std::to_string(row) + " has label " + std::to_string(label) +
                                ", but there are 10 classes (0 to 9): the file is damaged or no CIFAR-10 batch; fetch the set again with "
                                "script/fetch-cifar10");

    const std::size_t old_rows = into.labels.size(), old_bytes = into.bytes.size(), pixels = 32 * 32;
    into.bytes.resize(old_bytes + static_cast<std::size_t>(rows * picture.size()));
    try {
        into.labels.resize(old_rows + static_cast<std::size_t>(rows));
    } catch (...) {
        into.bytes.resize(old_bytes);
        throw;
    }
    std::uint8_t* dst = into.bytes.data() + old_bytes;  // (rows, H, W, C)
    const std::uint8_t* src = bytes.data();             // (rows, 1 + (C, H, W))
    for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row, src += row_bytes, dst += 3 * pixels) {
        into.labels[old_rows + row] = src[0];
        for (std::size_t pixel = 0; pixel < pixels; ++pixel)
            for (std::size_t channel = 0; channel < 3; ++channel) dst[3 * pixel + channel] = src[1 + channel * pixels + pixel];
    }
}

STRATA_INLINE std::vector<std::string> parse_class_names(std::span<const std::uint8_t> text, const std::string& name) {
    if (static_cast<std::int64_t>(text.size()) > detail::meta_bytes)
        throw invalid_input(name + ": the file is too long for ten class names; delete it to use the official names");
    std::vector<std::string> names;
    std::string line;
    const auto end_line = [&] {
        if (!line.empty()) names.push_back(line);
        line.clear();
    };
    for (const std::uint8_t byte : text) {
        if (byte == '\n') end_line();
        else if (byte >= ' ' && byte != 127) line += static_cast<char>(byte);
        else if (byte != '\r')
            throw invalid_input(name + ": byte " + std::to_string(byte) + " is no text; delete the file to use the official names");
    }
    end_line();
    if (names.size() != static_cast<std::size_t>(classes))
        throw invalid_input(name + ": the file names " + std::to_string(names.size()) +
                            " classes, but there are 10; give one name a line, or delete the file to use the official names");
    return names;
}

STRATA_INLINE dataset load_train(file_source& source, std::int64_t limit) {
    if (limit < 1) throw invalid_input("limit: " + std::to_string(limit) + " rows are asked for; give at least 1");
    dataset data{.picture = picture, .bytes = {}, .labels = {}, .class_names = detail::read_class_names(source)};
    bool full = true;  // the batch before has all its rows, so that this one has to be there
    for (int batch = 1; batch <= 5 && data.rows() < limit; ++batch) {
        const std::string file = detail::batch_name(batch);
        if (!full && !source.has(file)) {
            for (int later = batch + 1; later <= 5; ++later)
                if (source.has(detail::batch_name(later)))
                    throw invalid_input(source.path(file) + ": this file is missing, but " + detail::batch_name(later) + " is there; " +
                                        detail::advice());
            break;
        }
        const std::vector<std::uint8_t> bytes = source.read(file);
        full = static_cast<std::int64_t>(bytes.size()) == detail::batch_bytes;
        if (batch == 1)  // one allocation for what is most likely to come
            data.bytes.reserve(static_cast<std::size_t>(std::min(limit, full ? 5 * rows_per_batch : rows_per_batch) * picture.size()));
        parse_batch(bytes, source.path(file), data, limit - data.rows());
    }
    return data;
}

STRATA_INLINE dataset load_test(file_source& source) {
    const std::string file = "test_batch.bin";
    dataset data{.picture = picture, .bytes = {}, .labels = {}, .class_names = detail::read_class_names(source)};
    parse_batch(source.read(file), source.path(file), data);
    return data;
}

STRATA_INLINE dataset load_train(const std::string& directory, std::int64_t limit) {
    detail::directory_source source(directory);
    return load_train(source, limit);
}

STRATA_INLINE dataset load_test(const std::string& directory) {
    detail::directory_source source(directory);
    return load_test(source);
}

}  // namespace cifar10
}  // namespace strata::inline STRATA_ABI
