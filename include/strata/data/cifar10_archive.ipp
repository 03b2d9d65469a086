// SPDX-License-Identifier: MIT
// Bodies of cifar10_archive.hpp: a gzip stream over a file or memory, a reader of tar headers (ustar and GNU), and the set in it.
#pragma once

#include <strata/data/cifar10_archive.hpp>

#include <strata/core/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <zlib.h>

namespace strata::inline STRATA_ABI {
namespace cifar10::archive {

namespace detail {

inline constexpr std::uint64_t most_unpacked = std::uint64_t{256} << 20;  // the official archive unpacks to 184 MB
inline constexpr std::uint64_t block_size = 512;                       // of tar

[[noreturn]] STRATA_INLINE void fail(const std::string& name, const std::string& what) {
    throw invalid_input(name + ": " + what + "; fetch cifar-10-binary.tar.gz again with script/fetch-cifar10");
}

struct file_closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using file_handle = std::unique_ptr<std::FILE, file_closer>;

// The unpacked bytes of one gzip stream, in order. At its end the checksum is verified and nothing may follow.
class gzip_reader {
public:
    gzip_reader(file_handle file, std::span<const std::uint8_t> memory, std::string name)
        : file_(std::move(file)), memory_(memory), name_(std::move(name)) {
        refill();
        if (stream_.avail_in == 0) fail(name_, "the archive is empty");
        if (stream_.avail_in < 2 || buffer_[0] != 0x1f || buffer_[1] != 0x8b) fail(name_, "this is no gzip archive");
        if (::inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) throw error(name_ + ": zlib cannot start");
    }
    ~gzip_reader() { ::inflateEnd(&stream_); }
    gzip_reader(const gzip_reader&) = delete;
    gzip_reader& operator=(const gzip_reader&) = delete;

    // Up to `count` bytes; fewer only at the end of the stream.
    std::size_t read(std::uint8_t* dst, std::size_t count) {
        std::size_t done = 0;
        while (done < count && !ended_) {
            if (stream_.avail_in == 0) refill();
            const auto wanted = static_cast<uInt>(std::min<std::size_t>(count - done, 1u << 30));
            stream_.next_out = dst + done;
            stream_.avail_out = wanted;
            const bool starved = stream_.avail_in == 0;
            const int status = ::inflate(&stream_, Z_NO_FLUSH);
            done += wanted - stream_.avail_out;
            unpacked_ += wanted - stream_.avail_out;
            if (unpacked_ > most_unpacked) fail(name_, "the archive unpacks to more than 256 MiB and is not CIFAR-10");
            if (status == Z_STREAM_END) end();
            else if (status == Z_MEM_ERROR) throw std::bad_alloc();
            else if (status == Z_BUF_ERROR && starved) fail(name_, "the archive is truncated");
            else if (status != Z_OK && status != Z_BUF_ERROR)
                fail(name_, std::string("the archive is damaged (") + (stream_.msg ? stream_.msg : "zlib refuses it") + ")");
        }
        return done;
    }

    void read_all(std::uint8_t* dst, std::size_t count) {
        if (read(dst, count) != count) fail(name_, "the archive is truncated: it ends inside a file");
    }

    void skip(std::uint64_t count) {
        std::array<std::uint8_t, 16384> rest;
        for (; count > 0; count -= std::min<std::uint64_t>(count, rest.size()))
            read_all(rest.data(), static_cast<std::size_t>(std::min<std::uint64_t>(count, rest.size())));
    }

    // To the end of the stream, for its checksum.
    void drain() {
        std::array<std::uint8_t, 16384> rest;
        while (read(rest.data(), rest.size()) == rest.size()) {}
    }

    const std::string& name() const { return name_; }

private:
    void refill() {
        std::size_t size = 0;
        if (file_) {
            size = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
            if (std::ferror(file_.get())) throw io_error(name_ + ": reading failed (" + std::strerror(errno) + ")");
        } else {
            size = std::min(memory_.size(), buffer_.size());
            std::copy_n(memory_.begin(), size, buffer_.begin());
            memory_ = memory_.subspan(size);
        }
        stream_.next_in = buffer_.data();
        stream_.avail_in = static_cast<uInt>(size);
    }

    void end() {
        ended_ = true;
        if (stream_.avail_in == 0) refill();
        if (stream_.avail_in != 0) fail(name_, "the archive is damaged: bytes follow its end");
    }

    file_handle file_;
    std::span<const std::uint8_t> memory_;
    std::string name_;
    z_stream stream_{};
    std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(std::size_t{1} << 16);
    std::uint64_t unpacked_ = 0;
    bool ended_ = false;
};

struct tar_entry {
    std::string name;
    std::uint64_t size = 0;
    char type = '0';
    bool is_file() const { return type == '0' || type == '\0' || type == '7'; }
};

using tar_block = std::array<std::uint8_t, block_size>;

// The field's text, up to its first zero byte.
STRATA_INLINE std::string text_of(const tar_block& block, std::size_t at, std::size_t size) {
    const auto begin = block.begin() + static_cast<std::ptrdiff_t>(at), end = begin + static_cast<std::ptrdiff_t>(size);
    return std::string(begin, std::find(begin, end, std::uint8_t{0}));
}

// Octal digits, with blanks before and a blank or zero byte behind. A size in GNU's base-256 form is far too large for us.
STRATA_INLINE std::uint64_t octal_of(const tar_block& block, std::size_t at, std::size_t size, const std::string& name) {
    const std::string text = text_of(block, at, size);
    const std::size_t begin = std::min(text.find_first_not_of(' '), text.size()), end = std::min(text.find(' ', begin), text.size());
    std::uint64_t value = 0;
    for (std::size_t i = begin; i < end; ++i) {
        if (text[i] < '0' || text[i] > '7') fail(name, "the archive is damaged: a tar header has a number that is none");
        value = value * 8 + static_cast<std::uint64_t>(text[i] - '0');  // at most 12 digits
    }
    if (begin == end || text.find_first_not_of(' ', end) != std::string::npos)
        fail(name, "the archive is damaged: a tar header has a number that is none");
    return value;
}

// Parses one header block.
STRATA_INLINE tar_entry parse_header(const tar_block& block, const std::string& name) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < block.size(); ++i) sum += i >= 148 && i < 156 ? std::uint64_t{' '} : block[i];
    if (octal_of(block, 148, 8, name) != sum) fail(name, "the archive is damaged: the checksum of a tar header differs");
    const bool ustar = std::memcmp(&block[257],
                                   "ustar\0"
                                   "00",
                                   8) == 0,
               gnu = std::memcmp(&block[257], "ustar  \0", 8) == 0;
    if (!ustar && !gnu) fail(name, "this is no tar archive in the ustar or GNU format");
    tar_entry entry{.name = text_of(block, 0, 100), .size = octal_of(block, 124, 12, name), .type = static_cast<char>(block[156])};
    if (const std::string prefix = ustar ? text_of(block, 345, 155) : ""; !prefix.empty()) entry.name = prefix + "/" + entry.name;
    if (entry.type >= '1' && entry.type <= '6') entry.size = 0;  // links, devices and folders have no content, whatever they say
    if (entry.size > most_unpacked)
        fail(name, "the archive is damaged or not CIFAR-10: it has a file of " + std::to_string(entry.size) + " bytes");
    return entry;
}

STRATA_INLINE std::uint64_t padding_of(std::uint64_t size) { return (block_size - size % block_size) % block_size; }

// The next entry, its content not yet read; false at the end. A long name of GNU tar is put in place, pax records are passed over.
STRATA_INLINE bool next_entry(gzip_reader& in, tar_entry& entry) {
    std::string long_name;
    while (true) {
        tar_block block{};
        const std::size_t got = in.read(block.data(), block.size());
        const bool zero = std::all_of(block.begin(), block.end(), [](std::uint8_t byte) { return byte == 0; });
        if (got != 0 && got != block.size()) fail(in.name(), "the archive is truncated: it ends inside a tar header");
        if (got == 0 || zero) {
            if (!long_name.empty()) fail(in.name(), "the archive is truncated: it ends behind a long name");
            return false;
        }
        entry = parse_header(block, in.name());
        if (entry.type == 'L') {
            if (entry.size > 4096) fail(in.name(), "the archive is damaged: it has a name of " + std::to_string(entry.size) + " bytes");
            long_name.resize(static_cast<std::size_t>(entry.size));
            in.read_all(reinterpret_cast<std::uint8_t*>(long_name.data()), long_name.size());
            long_name.resize(std::min(long_name.find('\0'), long_name.size()));
            in.skip(padding_of(entry.size));
        } else if (entry.type == 'x' || entry.type == 'g' || entry.type == 'K') {
            in.skip(entry.size + padding_of(entry.size));
        } else {
            if (!long_name.empty()) entry.name = long_name;
            return true;
        }
    }
}

// The files of the set that were in an archive, in memory.
class archive_source final : public file_source {
public:
    enum class part { train, test, both };

    archive_source(gzip_reader& in, part wanted) : name_(in.name()) {
        tar_entry entry;
        while (next_entry(in, entry)) {
            kept* file = find(base_name(entry.name));
            if (file) take(in, entry, *file, wanted);
            else in.skip(entry.size);
            in.skip(padding_of(entry.size));
        }
        in.drain();
        if (!files_[0].found && !files_[5].found)
            fail(name_, "the archive has no data_batch_1.bin and no test_batch.bin: it is not CIFAR-10 in its binary version");
    }

    bool has(const std::string& file) const override {
        return std::any_of(files_.begin(), files_.end(), [&](const kept& one) { return one.found && file == one.name; });
    }
    std::vector<std::uint8_t> read(const std::string& file) override {
        kept* one = find(file);
        if (!one || !one->found) fail(name_, "the archive has no " + file);
        return file == "batches.meta.txt" ? one->bytes : std::move(one->bytes);
    }
    std::string path(const std::string& file) const override { return name_ + " (" + file + ")"; }

private:
    struct kept {
        const char* name;
        bool found = false;
        std::vector<std::uint8_t> bytes{};
    };

    // The name without its folder, where that is ours; else the name as it is, which then is none of the set.
    static std::string base_name(std::string name) {
        for (const char* folder : {"./", "cifar-10-batches-bin/"})
            if (name.compare(0, std::strlen(folder), folder) == 0) name.erase(0, std::strlen(folder));
        return name;
    }

    kept* find(const std::string& name) {
        for (kept& file : files_)
            if (name == file.name) return &file;
        return nullptr;
    }

    void take(gzip_reader& in, const tar_entry& entry, kept& file, part wanted) {
        const bool meta = &file == &files_[6], test = &file == &files_[5];
        const auto most = static_cast<std::uint64_t>(meta ? 64 * 1024 : rows_per_batch * row_bytes);
        if (!entry.is_file()) fail(name_, "the archive is damaged: " + entry.name + " is no file in it");
        if (file.found) fail(name_, "the archive is damaged: " + entry.name + " is in it twice");
        if (entry.size > most)
            fail(name_, "the archive is not CIFAR-10: " + entry.name + " is too long (" + std::to_string(entry.size) + " bytes)");
        file.found = true;
        if (!meta && wanted != part::both && test != (wanted == part::test)) return in.skip(entry.size);
        file.bytes.resize(static_cast<std::size_t>(entry.size));
        in.read_all(file.bytes.data(), file.bytes.size());
    }

    std::string name_;
    std::array<kept, 7> files_{{{"data_batch_1.bin"},
                                {"data_batch_2.bin"},
                                {"data_batch_3.bin"},
                                {"data_batch_4.bin"},
                                {"data_batch_5.bin"},
                                {"test_batch.bin"},
                                {"batches.meta.txt"}}};
};

STRATA_INLINE bool is_directory(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

STRATA_INLINE archive_source open(const std::string& path, archive_source::part wanted) {
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))  // before it is opened: opening a pipe waits for a writer
        throw invalid_input(path +
                            ": this is not a regular file; give cifar-10-binary.tar.gz or the directory that holds data_batch_1.bin");
    file_handle file(std::fopen(path.c_str(), "rb"));
    if (!file)
        throw invalid_input(
            path + ": cannot be opened (" + std::strerror(errno) +
            "); give cifar-10-binary.tar.gz or the directory that holds data_batch_1.bin, or fetch them with script/fetch-cifar10");
    gzip_reader in(std::move(file), {}, path);
    return archive_source(in, wanted);
}

STRATA_INLINE train_and_test load_both(file_source& source) {
    dataset train = cifar10::load_train(source);
    return {.train = std::move(train), .test = cifar10::load_test(source)};
}

}  // namespace detail

STRATA_INLINE train_and_test load(const std::string& path) {
    if (detail::is_directory(path)) return {.train = cifar10::load_train(path), .test = cifar10::load_test(path)};
    auto source = detail::open(path, detail::archive_source::part::both);
    return detail::load_both(source);
}

STRATA_INLINE dataset load_train(const std::string& path, std::int64_t limit) {
    if (detail::is_directory(path)) return cifar10::load_train(path, limit);
    auto source = detail::open(path, detail::archive_source::part::train);
    return cifar10::load_train(source, limit);
}

STRATA_INLINE dataset load_test(const std::string& path) {
    if (detail::is_directory(path)) return cifar10::load_test(path);
    auto source = detail::open(path, detail::archive_source::part::test);
    return cifar10::load_test(source);
}

STRATA_INLINE train_and_test parse(std::span<const std::uint8_t> bytes, const std::string& name) {
    detail::gzip_reader in(nullptr, bytes, name);
    detail::archive_source source(in, detail::archive_source::part::both);
    return detail::load_both(source);
}

}  // namespace cifar10::archive
}  // namespace strata::inline STRATA_ABI
