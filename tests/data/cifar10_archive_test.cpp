// SPDX-License-Identifier: MIT
// CIFAR-10 straight from a .tar.gz: what is read, and every archive that is refused. The archives are made here, byte by byte.
#include <strata/data/cifar10_archive.hpp>

#include "files.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <zlib.h>

namespace archive = strata::cifar10::archive;
using bytes = std::vector<std::uint8_t>;
using test::batch_of;
using test::bytes_of;
using test::refusal_of;
using test::says;

namespace {

enum class flavour { ustar, gnu };

// One header block; `change` may spoil it before the checksum is written.
template <class Change>
bytes header(const std::string& name, const std::string& size, char type, flavour kind, const Change& change) {
    bytes block(512);
    const auto put = [&](std::size_t at, const std::string& text) {
        std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(at));
    };
    put(0, name.substr(0, 100));
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, size);
    put(136, "00000000000");
    block[156] = static_cast<std::uint8_t>(type);
    put(257, kind == flavour::ustar ? std::string("ustar\0"
                                                  "00",
                                                  8)
                                    : std::string("ustar  \0", 8));
    change(block);
    std::fill(block.begin() + 148, block.begin() + 156, std::uint8_t{' '});
    unsigned sum = 0;
    for (const std::uint8_t byte : block) sum += byte;
    char text[8];
    std::snprintf(text, sizeof text, "%06o", sum);
    put(148, std::string(text, 7));
    return block;
}

std::string octal(std::size_t size) {
    char text[13];
    std::snprintf(text, sizeof text, "%011zo", size);
    return text;
}

bytes header(const std::string& name, std::size_t size, char type = '0', flavour kind = flavour::ustar) {
    return header(name, octal(size), type, kind, [](bytes&) {});
}

bytes operator+(bytes a, const bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

bytes padded(bytes content) {
    content.resize((content.size() + 511) / 512 * 512);
    return content;
}

bytes file(const std::string& name, const bytes& content, flavour kind = flavour::ustar) {
    return header(name, content.size(), '0', kind) + padded(content);
}

const bytes end_of_tar(1024);

bytes gzip(const bytes& plain) {
    z_stream stream{};
    REQUIRE(::deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    bytes packed(::deflateBound(&stream, static_cast<uLong>(plain.size())) + 64);
    stream.next_in = const_cast<Bytef*>(plain.data());
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = packed.data();
    stream.avail_out = static_cast<uInt>(packed.size());
    REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
    packed.resize(stream.total_out);
    ::deflateEnd(&stream);
    return packed;
}

const bytes names = bytes_of("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");

// The official order of entries, with few rows.
bytes whole_set(const std::string& folder = "cifar-10-batches-bin/", flavour kind = flavour::gnu) {
    bytes tar = folder.empty() ? bytes{} : header(folder, 0, '5', kind);
    const auto batch = [&](int number) {
        tar = tar + file(folder + "data_batch_" + std::to_string(number) + ".bin", batch_of(1 + number, static_cast<std::uint64_t>(number)),
                         kind);
    };
    batch(1);
    tar = tar + file(folder + "batches.meta.txt", names, kind);
    batch(3);
    batch(4);
    tar = tar + file(folder + "test_batch.bin", batch_of(3, 9), kind) + file(folder + "readme.html", bytes_of("<html>"), kind);
    batch(5);
    batch(2);
    return tar + end_of_tar;
}

bytes minimal(const bytes& more) {
    return more + file("data_batch_1.bin", batch_of(1, 1)) + file("test_batch.bin", batch_of(1, 2)) + end_of_tar;
}

archive::train_and_test parse(const bytes& packed) { return archive::parse(packed, "set.tar.gz"); }

std::string refused(const bytes& tar) {
    const std::string message = refusal_of([&] { parse(gzip(tar)); });
    CHECK(message.starts_with("set.tar.gz"));
    return message;
}

bool same(const archive::train_and_test& a, const archive::train_and_test& b) {
    return a.train.bytes == b.train.bytes && a.train.labels == b.train.labels && a.test.bytes == b.test.bytes &&
           a.test.labels == b.test.labels && a.train.class_names == b.train.class_names;
}

// The set unpacked by hand, as the directory loader sees it.
archive::train_and_test from_directory() {
    const test::temporary_directory folder;
    for (int batch = 1; batch <= 5; ++batch)
        test::write_file(folder.path("data_batch_" + std::to_string(batch) + ".bin"),
                         batch_of(1 + batch, static_cast<std::uint64_t>(batch)));
    test::write_file(folder.path("test_batch.bin"), batch_of(3, 9));
    test::write_file(folder.path("batches.meta.txt"), names);
    return archive::load(folder.path());
}

}  // namespace

TEST_CASE("an archive gives what its unpacked directory gives, whatever the flavour of tar and the folder's name") {
    const auto expected = from_directory();
    CHECK(expected.train.rows() == 2 + 3 + 4 + 5 + 6);
    CHECK(expected.test.rows() == 3);
    CHECK(expected.train.class_names[1] == "b");
    for (const std::string folder : {"cifar-10-batches-bin/", "./cifar-10-batches-bin/", "./", ""})
        for (const flavour kind : {flavour::ustar, flavour::gnu}) CHECK(same(parse(gzip(whole_set(folder, kind))), expected));
}

TEST_CASE("an archive on disk is read as one in memory; train and test may be read alone") {
    const test::temporary_directory folder;
    const std::string path = folder.path("cifar-10-binary.tar.gz");
    test::write_file(path, gzip(whole_set()));
    const auto expected = from_directory(), both = archive::load(path);
    CHECK(same(both, expected));
    CHECK(archive::load_train(path).bytes == expected.train.bytes);
    CHECK(archive::load_train(path, 4).rows() == 4);
    CHECK(archive::load_test(path).bytes == expected.test.bytes);
    CHECK(archive::load_test(path).class_names[9] == "j");
    CHECK(says(refusal_of([&] { archive::load(folder.path("none.tar.gz")); }),
               "none.tar.gz: cannot be opened (No such file or directory); give"));
    CHECK(says(refusal_of([&] { archive::load_train(path, 0); }), "limit: 0 rows"));
}

TEST_CASE("long names of GNU tar, pax records and other files are passed over") {
    const std::string name = "cifar-10-batches-bin/data_batch_1.bin", far = std::string(150, 'x') + "/y";
    const bytes long_link = header("././@LongLink", name.size() + 1, 'L', flavour::gnu) + padded(bytes_of(name + '\0'));
    const bytes pax =
        header("PaxHeaders/1", 30, 'x') + padded(bytes_of("30 mtime=1234567890.123456789\n")) + header("pax", 10, 'g') + padded(bytes(10));
    const bytes tar = pax + long_link + file("shortened", batch_of(2, 1)) + header("././@LongLink", far.size() + 1, 'L', flavour::gnu) +
                      padded(bytes_of(far + '\0')) + file("data_batch_2.bin", bytes(5)) + header("link", 77, '2') + pax +
                      file("test_batch.bin", batch_of(1, 2)) + end_of_tar;
    const auto both = parse(gzip(tar));
    CHECK(both.train.bytes.size() == 2 * 3072);
    CHECK(both.test.rows() == 1);
}

TEST_CASE("an archive cut anywhere is refused") {
    const bytes packed = gzip(whole_set());
    for (std::size_t size = 0; size < packed.size(); size += size < 2000 || size + 2000 > packed.size() ? 41 : 997) {
        const auto message = refusal_of([&] { parse(bytes(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size))); });
        CHECK(message.starts_with("set.tar.gz: "));
        if (size > 20) CHECK(says(message, "the archive is truncated"));
    }
    CHECK(says(refusal_of([&] { parse({}); }), "set.tar.gz: the archive is empty"));
}

TEST_CASE("a flipped byte is refused, or was of no meaning") {
    const bytes packed = gzip(whole_set());
    const auto expected = from_directory();
    int refusals = 0;
    for (std::size_t at = 0; at < packed.size(); at += at < 100 || at + 100 > packed.size() ? 1 : 499) {
        bytes damaged = packed;
        damaged[at] ^= 0x55;
        try {
            const auto both = parse(damaged);
            CHECK(same(both, expected));
        } catch (const strata::invalid_input& error) {
            ++refusals;
            CHECK(std::string(error.what()).starts_with("set.tar.gz: "));
        }
    }
    CHECK(refusals > 250);
}

TEST_CASE("what is no gzip archive, or goes on behind its end, is refused") {
    CHECK(says(refusal_of([] { parse(bytes_of("PK\3\4 something else")); }), "this is no gzip archive"));
    CHECK(says(refusal_of([] { parse(whole_set()); }), "this is no gzip archive"));  // not compressed
    const bytes packed = gzip(whole_set());
    CHECK(says(refusal_of([&] { parse(packed + bytes(1)); }), "bytes follow its end"));
    CHECK(says(refusal_of([&] { parse(packed + packed); }), "bytes follow its end"));
    const test::temporary_directory folder;
    test::write_file(folder.path("plain"), bytes_of("text"));
    CHECK(says(refusal_of([&] { archive::load(folder.path("plain")); }), folder.path("plain") + ": this is no gzip archive"));
}

TEST_CASE("an archive of something else is refused with a hint") {
    CHECK(says(refused(file("cifar-10-batches-py/data_batch_1", bytes(100)) + end_of_tar), "it is not CIFAR-10 in its binary version"));
    CHECK(says(refused(end_of_tar), "no data_batch_1.bin and no test_batch.bin"));
    CHECK(says(refused({}), "no data_batch_1.bin and no test_batch.bin"));
    CHECK(says(refused(file("other/data_batch_1.bin", batch_of(1, 1)) + end_of_tar), "no data_batch_1.bin"));  // not our folder
    CHECK(says(refused(file("data_batch_1.bin", batch_of(1, 1)) + end_of_tar), "the archive has no test_batch.bin"));
    CHECK(says(refused(bytes(2048, 'x')), "a tar header has a number that is none"));
}

TEST_CASE("hostile tar headers are refused") {
    const auto spoiled = [](const auto& change) { return minimal(header("readme.html", octal(0), '0', flavour::ustar, change)); };
    CHECK_NOTHROW(parse(gzip(spoiled([](bytes&) {}))));
    bytes wrong_sum = minimal(header("readme.html", 0));
    wrong_sum[0] ^= 1;
    CHECK(says(refused(wrong_sum), "the checksum of a tar header differs"));
    CHECK(says(refused(spoiled([](bytes& block) { block[257] = 'v'; })), "no tar archive in the ustar or GNU format"));
    CHECK(says(refused(spoiled([](bytes& block) { block[130] = '9'; })), "a number that is none"));
    CHECK(says(refused(spoiled([](bytes& block) { block[124] = 0x80; })), "a number that is none"));  // GNU's base-256
    CHECK(says(refused(spoiled([](bytes& block) { block[124] = '-'; })), "a number that is none"));
    CHECK(says(refused(spoiled([](bytes& block) { std::fill_n(block.begin() + 124, 12, std::uint8_t{' '}); })), "a number that is none"));
    CHECK(says(refused(spoiled([](bytes& block) { std::fill_n(block.begin() + 124, 12, std::uint8_t{'7'}); })),
               "it has a file of 68719476735 bytes"));
    CHECK(says(refused(minimal(header("readme.html", 1u << 27))), "truncated: it ends inside a file"));
    CHECK(says(refused(minimal(header("././@LongLink", 1u << 27, 'L'))), "it has a name of 134217728 bytes"));
    CHECK(says(refused(header("././@LongLink", 4, 'L') + padded(bytes_of("name"))), "it ends behind a long name"));
    CHECK(says(refused(bytes(300, 0)), "it ends inside a tar header"));
    // a name that fills its field, without a zero byte
    CHECK_NOTHROW(parse(gzip(minimal(file(std::string(100, 'n'), bytes(5))))));
}

TEST_CASE("a file of the set that is doubled, over-long or no file is refused") {
    CHECK(says(refused(minimal(file("data_batch_1.bin", batch_of(1, 1)))), "data_batch_1.bin is in it twice"));
    CHECK(says(refused(minimal(header("data_batch_2.bin", 10'000 * 3073 + 1))), "data_batch_2.bin is too long (30730001 bytes)"));
    CHECK(says(refused(minimal(header("batches.meta.txt", 100'000))), "batches.meta.txt is too long"));
    for (const char type : {'1', '2', '3', '5', '6', 'S'})
        CHECK(says(refused(minimal(header("data_batch_2.bin", 0, type))), "data_batch_2.bin is no file in it"));
}

TEST_CASE("a batch in an archive is checked as a file is") {
    const auto with = [](const bytes& batch) {
        return file("data_batch_1.bin", batch) + file("test_batch.bin", batch_of(1, 2)) + end_of_tar;
    };
    bytes bad = batch_of(3, 1);
    bad[3073] = 77;
    CHECK(says(refused(with(bad)), "set.tar.gz (data_batch_1.bin): row 1 has label 77"));
    CHECK(says(refused(with({})), "set.tar.gz (data_batch_1.bin): the file is empty"));
    CHECK(says(refused(with(bytes(3000))), "set.tar.gz (data_batch_1.bin): the file is truncated"));
    CHECK(says(refused(minimal(file("data_batch_3.bin", batch_of(1, 1)))),
               "data_batch_2.bin): this file is missing, but data_batch_3.bin is there"));
    CHECK(says(refused(minimal(file("batches.meta.txt", bytes_of("one\n")))), "set.tar.gz (batches.meta.txt): the file names 1 classes"));
}

TEST_CASE("an archive that unpacks to more than 256 MiB is refused, without the memory for it") {
    // A block of 16 MiB of zeros, packed so that it can be repeated: 20 of them are 320 MiB.
    const bytes start = header("readme.html", std::size_t{256} << 20), zeros(std::size_t{16} << 20);
    z_stream stream{};
    REQUIRE(::deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    const auto pack = [&](const bytes& plain) {
        bytes packed(1 << 16);
        stream.next_in = const_cast<Bytef*>(plain.data());
        stream.avail_in = static_cast<uInt>(plain.size());
        stream.next_out = packed.data();
        stream.avail_out = static_cast<uInt>(packed.size());
        REQUIRE(::deflate(&stream, Z_FULL_FLUSH) == Z_OK);
        REQUIRE(stream.avail_in == 0);
        packed.resize(packed.size() - stream.avail_out);
        return packed;
    };
    bytes bomb = pack(start);
    const bytes block = pack(zeros);
    ::deflateEnd(&stream);
    for (int i = 0; i < 20; ++i) bomb = bomb + block;
    CHECK(bomb.size() < 2'000'000);
    CHECK(says(refusal_of([&] { parse(bomb); }), "unpacks to more than 256 MiB"));
}

TEST_CASE("headers of random bytes with a right checksum are refused or harmless") {
    test::noise draw(5);
    for (int trial = 0; trial < 400; ++trial) {
        const bytes block = header("readme.html", octal(draw.below(2000)), '0', trial % 2 ? flavour::gnu : flavour::ustar, [&](bytes& b) {
            for (std::uint32_t changes = 1 + draw.below(6); changes > 0; --changes)
                b[draw.below(b.size())] = static_cast<std::uint8_t>(draw.next());
        });
        try {
            const auto both = parse(gzip(minimal(block)));
            CHECK(both.train.rows() == 1);
        } catch (const strata::invalid_input& error) { CHECK(std::string(error.what()).starts_with("set.tar.gz")); }
    }
}
