// SPDX-License-Identifier: MIT
// Reads cifar10-sample.pack: a checked reader of the pack, and a checked decoder of one 32 x 32 JPEG.
//
// The pack, all numbers little-endian:
//   "strata jpeg pack 1\n"
//   u32 training rows, u32 test rows, u32 headers
//   headers x { u16 size, bytes: a JPEG stream from its start to the end of its start-of-scan header }
//   rows x { u8 label, u8 header, u16 size, bytes: the rest of the stream }    training rows first
//   u32 CRC-32 (the one of zip and PNG) of everything before
#include "cifar10_sample.hpp"

#include <strata/core/error.hpp>
#include <strata/data/cifar10.hpp>
#include <strata/files/crc32.hpp>

#include <cerrno>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <jpeglib.h>

namespace examples {
namespace {

constexpr std::string_view magic = "strata jpeg pack 1\n";
constexpr std::size_t most_bytes = 64u << 20;  // far above any sample; a larger file is of another kind
constexpr std::size_t most_rows = 60'000;          // of all CIFAR-10: bounds the counts before anything is allocated
constexpr std::size_t side = 32, picture_bytes = side * side * 3;

[[noreturn]] void fail(const std::string& name, const std::string& what) {
    throw strata::invalid_input(name + ": " + what + "; take a fresh copy of examples/data/cifar10-sample.pack");
}

// Takes numbers and bytes from the front; what is not there any more is an error.
class reader {
public:
    reader(std::span<const std::uint8_t> bytes, const std::string& name) : rest_(bytes), name_(name) {}

    std::span<const std::uint8_t> take(std::size_t count) {
        if (count > rest_.size()) fail(name_, "the pack is damaged: it ends in the middle of a row");
        const auto front = rest_.first(count);
        rest_ = rest_.subspan(count);
        return front;
    }
    std::uint32_t number(std::size_t bytes) {
        std::uint32_t value = 0;
        const auto digits = take(bytes);
        for (std::size_t i = 0; i < bytes; ++i) value |= std::uint32_t{digits[i]} << 8 * i;
        return value;
    }
    std::size_t left() const { return rest_.size(); }

private:
    std::span<const std::uint8_t> rest_;
    const std::string& name_;
};

// libjpeg reports an error by a call that must not return: it jumps out, over C code only, and becomes an exception behind it.
struct jpeg_errors {
    jpeg_error_mgr base;  // first: libjpeg knows the address of this member alone
    std::jmp_buf out;
    char text[JMSG_LENGTH_MAX];
};

extern "C" void jump_out(j_common_ptr info) {
    auto* errors = reinterpret_cast<jpeg_errors*>(info->err);
    errors->base.format_message(info, errors->text);
    std::longjmp(errors->out, 1);
}

extern "C" void keep_warning(j_common_ptr info, int level) {  // a warning is damage: the pack's streams have none
    if (level < 0) jump_out(info);
}

// One stream to (H, W, C) bytes; false, with errors.text, for what is no intact 32 x 32 colour JPEG. Nothing here has a destructor.
bool decode(const std::uint8_t* stream, std::size_t size, std::uint8_t* dst, jpeg_errors& errors) {
    jpeg_decompress_struct info;
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = jump_out;
    errors.base.emit_message = keep_warning;
    if (setjmp(errors.out) != 0) {  // NOLINT(cert-err52-cpp): the only way out of libjpeg that is not exit()
        jpeg_destroy_decompress(&info);
        return false;
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, stream, static_cast<unsigned long>(size));
    jpeg_read_header(&info, TRUE);
    if (info.image_width != side || info.image_height != side || info.num_components != 3) {
        std::strcpy(errors.text, "not a 32 x 32 colour picture");
        jpeg_destroy_decompress(&info);
        return false;
    }
    info.out_color_space = JCS_RGB;
    info.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&info);
    while (info.output_scanline < side) {
        JSAMPROW row = dst + std::size_t{info.output_scanline} * side * 3;
        jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    return true;
}

std::vector<std::uint8_t> read_file(const std::string& path) {
    struct closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, closer> file(std::fopen(path.c_str(), "rb"));
    if (!file) fail(path, std::string("the sample cannot be opened (") + std::strerror(errno) + ")");
    std::vector<std::uint8_t> bytes(std::size_t{4} << 20);
    std::size_t size = 0;
    while (true) {
        size += std::fread(bytes.data() + size, 1, bytes.size() - size, file.get());
        if (std::ferror(file.get())) fail(path, std::string("the sample cannot be read (") + std::strerror(errno) + ")");
        if (size < bytes.size()) break;
        if (size >= most_bytes) fail(path, "the file is too long for a sample");
        bytes.resize(2 * bytes.size());
    }
    bytes.resize(size);
    return bytes;
}

}  // namespace

strata::dataset parse_sample(std::span<const std::uint8_t> pack, const std::string& name, sample_part part) {
    if (pack.empty()) fail(name, "the file is empty");
    if (pack.size() < magic.size() + 16 || std::memcmp(pack.data(), magic.data(), magic.size()) != 0)
        fail(name, "this is no sample of strata");
    strata::crc32 sum;
    sum.add(std::as_bytes(pack.first(pack.size() - 4)));
    if (sum.value() != reader(pack.last(4), name).number(4)) fail(name, "the pack is damaged: its checksum differs");

    reader in(pack.subspan(magic.size(), pack.size() - magic.size() - 4), name);
    const std::size_t train_rows = in.number(4), test_rows = in.number(4), header_count = in.number(4);
    if (header_count > 256 || train_rows > most_rows || test_rows > most_rows) fail(name, "the pack is damaged: its counts are too large");
    std::vector<std::span<const std::uint8_t>> headers(header_count);
    for (auto& header : headers) header = in.take(in.number(2));

    strata::dataset data{.picture = strata::cifar10::picture, .bytes = {}, .labels = {}, .class_names = strata::cifar10::class_names()};
    const bool train = part == sample_part::train;
    data.bytes.resize((train ? train_rows : test_rows) * picture_bytes);
    std::vector<std::uint8_t> stream;
    jpeg_errors errors{};
    for (std::size_t row = 0; row < train_rows + test_rows; ++row) {
        const std::uint32_t label = in.number(1), header = in.number(1);
        const auto scan = in.take(in.number(2));
        if (label >= data.class_names.size() || header >= headers.size())
            fail(name, "the pack is damaged: row " + std::to_string(row) + " has no such label");
        if (train != (row < train_rows)) continue;
        stream.assign(headers[header].begin(), headers[header].end());
        stream.insert(stream.end(), scan.begin(), scan.end());
        if (!decode(stream.data(), stream.size(), data.bytes.data() + data.labels.size() * picture_bytes, errors))
            fail(name, "the pack is damaged: row " + std::to_string(row) + " is no intact picture (" + errors.text + ")");
        data.labels.push_back(static_cast<std::int32_t>(label));
    }
    if (in.left() != 0) fail(name, "the pack is damaged: bytes follow the last row");
    return data;
}

strata::dataset load_sample_train(const std::string& path) { return parse_sample(read_file(path), path, sample_part::train); }

strata::dataset load_sample_test(const std::string& path) { return parse_sample(read_file(path), path, sample_part::test); }

}  // namespace examples
