// SPDX-License-Identifier: MIT
// CIFAR-10's binary layout: the parser on bytes, the directory around it, and every input that is refused.
#include <strata/data/cifar10.hpp>

#include "files.hpp"

#include <filesystem>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cifar10 = strata::cifar10;
using test::batch_of;
using test::refusal_of;
using test::says;
using test::write_file;

namespace {

strata::dataset parse(std::span<const std::uint8_t> bytes, std::int64_t limit = cifar10::all) {
    strata::dataset data{.picture = cifar10::picture, .bytes = {}, .labels = {}, .class_names = cifar10::class_names()};
    cifar10::parse_batch(bytes, "batch.bin", data, limit);
    return data;
}

// A subset in the layout of the set: 3, 4, 5, 6 and 7 training rows in its batches, 4 test rows.
void write_set(const std::string& folder, int batches = 5) {
    for (int batch = 1; batch <= batches; ++batch)
        write_file(folder + "/data_batch_" + std::to_string(batch) + ".bin", batch_of(2 + batch, static_cast<std::uint64_t>(batch)));
    write_file(folder + "/test_batch.bin", batch_of(4, 9));
    write_file(folder + "/batches.meta.txt", test::bytes_of("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n"));
}

void resize_file(const std::string& path, std::uintmax_t size) { std::filesystem::resize_file(path, size); }

}  // namespace

TEST_CASE("the planes of a row become pixels of (H, W, C), and its first byte the label") {
    const auto bytes = batch_of(3, 1);
    const auto data = parse(bytes);
    REQUIRE(data.rows() == 3);
    bool same = true;
    for (std::size_t row = 0; row < 3; ++row) {
        CHECK(data.labels[row] == bytes[row * 3073]);
        for (std::size_t y = 0; y < 32; ++y)
            for (std::size_t x = 0; x < 32; ++x)
                for (std::size_t c = 0; c < 3; ++c)
                    same = same && data.bytes[((row * 32 + y) * 32 + x) * 3 + c] == bytes[row * 3073 + 1 + c * 1024 + y * 32 + x];
    }
    CHECK(same);
    CHECK_NOTHROW(data.view().check());
}

TEST_CASE("parsing appends, and a limit keeps the first rows") {
    const auto first = batch_of(3, 1), second = batch_of(2, 2);
    auto data = parse(first);
    cifar10::parse_batch(second, "second", data, 1);
    CHECK(data.rows() == 4);
    CHECK(data.bytes.size() == 4 * 3072);
    CHECK(data.labels[3] == second[0]);
    CHECK(parse(first, 2).rows() == 2);
    CHECK(parse(first, 0).rows() == 0);
}

TEST_CASE("a batch that is refused leaves the rows before it as they were") {
    auto data = parse(batch_of(3, 1));
    const auto before = data.bytes;
    auto bad = batch_of(5, 2);
    bad[4 * 3073] = 10;
    CHECK_THROWS_AS(cifar10::parse_batch(bad, "bad", data), strata::invalid_input);
    CHECK(data.rows() == 3);
    CHECK(data.bytes == before);
}

TEST_CASE("an empty, truncated or over-long batch and a label above 9 are refused with the file's name") {
    CHECK(refusal_of([] { parse({}); }) == "batch.bin: the file is empty; fetch the set again with script/fetch-cifar10");
    auto bytes = batch_of(4, 3);
    for (const std::size_t size : {std::size_t{1}, std::size_t{3072}, std::size_t{3074}, bytes.size() - 1}) {
        const auto message = refusal_of([&] { parse(std::span(bytes).first(size)); });
        CHECK(says(message, "batch.bin: the file is truncated or no CIFAR-10 batch: " + std::to_string(size) + " bytes"));
    }
    bytes[2 * 3073] = 12;
    CHECK(says(refusal_of([&] { parse(bytes); }), "batch.bin: row 2 has label 12, but there are 10 classes (0 to 9)"));
    CHECK_THROWS_AS(parse(bytes, 1), strata::invalid_input);  // a damaged file, although only its first row is wanted
    const std::vector<std::uint8_t> full(10'000 * 3073), more(10'001 * 3073);
    CHECK(parse(full).rows() == 10'000);
    CHECK(says(refusal_of([&] { parse(more); }), "batch.bin: the file is too long: a batch has at most 10,000 rows"));
}

TEST_CASE("whatever the bytes are, they are refused or give rows that pass the check") {
    test::noise draw(11);
    for (int trial = 0; trial < 300; ++trial) {
        auto bytes = batch_of(1 + static_cast<int>(draw.below(3)), static_cast<std::uint64_t>(trial));
        if (draw.below(2) == 0) bytes.resize(draw.below(bytes.size() + 1));
        for (std::uint32_t i = draw.below(4); i > 0 && !bytes.empty(); --i)
            bytes[draw.below(bytes.size())] = static_cast<std::uint8_t>(draw.next());
        try {
            parse(bytes).view().check();
        } catch (const strata::invalid_input& refused) { CHECK(std::string(refused.what()).starts_with("batch.bin: ")); }
    }
}

TEST_CASE("a directory is read in the order of its batches, with its class names") {
    const test::temporary_directory folder;
    write_set(folder.path());
    const auto train = cifar10::load_train(folder.path()), test = cifar10::load_test(folder.path());
    CHECK(train.rows() == 3 + 4 + 5 + 6 + 7);
    CHECK(test.rows() == 4);
    auto expected = parse(batch_of(3, 1));
    for (int batch = 2; batch <= 5; ++batch) cifar10::parse_batch(batch_of(2 + batch, static_cast<std::uint64_t>(batch)), "", expected);
    CHECK(train.bytes == expected.bytes);
    CHECK(train.labels == expected.labels);
    CHECK(train.class_names.front() == "a");
    CHECK(test.class_names.back() == "j");
    CHECK(test.bytes == parse(batch_of(4, 9)).bytes);
}

TEST_CASE("the folder cifar-10-batches-bin inside is found") {
    const test::temporary_directory folder;
    write_set(folder.path("cifar-10-batches-bin"));
    CHECK(cifar10::load_train(folder.path()).rows() == 25);
    CHECK(cifar10::load_test(folder.path()).rows() == 4);
    CHECK(cifar10::load_train(folder.path() + "/").rows() == 25);
}

TEST_CASE("without batches.meta.txt the classes have their official names") {
    const test::temporary_directory folder;
    write_set(folder.path());
    std::filesystem::remove(folder.path("batches.meta.txt"));
    CHECK(cifar10::load_train(folder.path()).class_names == cifar10::class_names());
    CHECK(cifar10::class_names().size() == 10);
    CHECK(cifar10::class_names()[3] == "cat");
}

TEST_CASE("a limit reads the first rows, and only the batches that hold them") {
    const test::temporary_directory folder;
    write_set(folder.path());
    const auto all = cifar10::load_train(folder.path());
    for (const std::int64_t limit : {1, 3, 4, 7, 25, 1000}) {
        const auto some = cifar10::load_train(folder.path(), limit);
        CHECK(some.rows() == std::min<std::int64_t>(limit, 25));
        CHECK(std::equal(some.bytes.begin(), some.bytes.end(), all.bytes.begin()));
    }
    write_file(folder.path("data_batch_3.bin"), test::bytes_of("damaged"));
    CHECK(cifar10::load_train(folder.path(), 7).rows() == 7);
    CHECK_THROWS_AS(cifar10::load_train(folder.path(), 8), strata::invalid_input);
    CHECK(says(refusal_of([&] { cifar10::load_train(folder.path(), 0); }), "limit: 0 rows are asked for"));
    CHECK_THROWS_AS(cifar10::load_train(folder.path(), -5), strata::invalid_input);
}

TEST_CASE("a subset may end at a batch that isn't full") {
    const test::temporary_directory folder;
    write_set(folder.path(), 1);
    CHECK(cifar10::load_train(folder.path()).rows() == 3);
    write_set(folder.path(), 3);
    CHECK(cifar10::load_train(folder.path()).rows() == 12);
}

TEST_CASE("a missing batch is named") {
    const test::temporary_directory folder;
    write_set(folder.path());
    std::filesystem::remove(folder.path("data_batch_3.bin"));
    CHECK(says(refusal_of([&] { cifar10::load_train(folder.path()); }),
               folder.path("data_batch_3.bin") + ": this file is missing, but data_batch_4.bin is there"));
    std::filesystem::remove(folder.path("data_batch_1.bin"));
    CHECK(says(refusal_of([&] { cifar10::load_train(folder.path()); }), folder.path("data_batch_1.bin") + ": this file is missing"));
    std::filesystem::remove(folder.path("test_batch.bin"));
    CHECK(says(refusal_of([&] { cifar10::load_test(folder.path()); }),
               folder.path("test_batch.bin") + ": this file is missing; give the directory"));

    const test::temporary_directory full;  // a full batch says that there are more
    write_file(full.path("data_batch_1.bin"), {});
    resize_file(full.path("data_batch_1.bin"), 10'000 * 3073);
    CHECK(cifar10::load_train(full.path(), 10'000).rows() == 10'000);
    CHECK(says(refusal_of([&] { cifar10::load_train(full.path()); }), full.path("data_batch_2.bin") + ": this file is missing"));
}

TEST_CASE("empty, truncated and over-long files in a directory are named") {
    const test::temporary_directory folder;
    write_set(folder.path());
    const std::string second = folder.path("data_batch_2.bin");
    resize_file(second, 0);
    CHECK(says(refusal_of([&] { cifar10::load_train(folder.path()); }), second + ": the file is empty"));
    resize_file(second, 3073 + 100);
    CHECK(says(refusal_of([&] { cifar10::load_train(folder.path()); }), second + ": the file is truncated"));
    for (const std::uintmax_t size : {10'001u * 3073u, 10'000u * 3073u + 1u}) {
        resize_file(second, size);
        CHECK(says(refusal_of([&] { cifar10::load_train(folder.path()); }), second + ": the file is too long"));
    }
    resize_file(folder.path("test_batch.bin"), 3072);
    CHECK(says(refusal_of([&] { cifar10::load_test(folder.path()); }), folder.path("test_batch.bin") + ": the file is truncated"));
}

TEST_CASE("a missing directory, a file in its place and a directory in place of a file are named") {
    const test::temporary_directory folder;
    write_set(folder.path());
    CHECK(says(refusal_of([&] { cifar10::load_train(folder.path("none")); }), folder.path("none") + ": there is no such directory; give"));
    CHECK(says(refusal_of([&] { cifar10::load_train(folder.path("test_batch.bin")); }), "test_batch.bin: this is not a directory"));
    CHECK(says(refusal_of([] { cifar10::load_train(""); }), "the name of the data directory is empty"));
    std::filesystem::create_directory_symlink("loop", folder.path("loop"));
    CHECK(says(refusal_of([&] { cifar10::load_test(folder.path("loop")); }), folder.path("loop") + ": the directory cannot be read ("));
    std::filesystem::remove(folder.path("data_batch_1.bin"));
    std::filesystem::create_directory(folder.path("data_batch_1.bin"));
    CHECK(says(refusal_of([&] { cifar10::load_train(folder.path()); }),
               folder.path("data_batch_1.bin") + ": this is a directory, where a file is expected"));
    std::filesystem::remove(folder.path("data_batch_1.bin"));
    REQUIRE(::mkfifo(folder.path("data_batch_1.bin").c_str(), 0600) == 0);  // nobody writes: opening it would wait for ever
    CHECK(says(refusal_of([&] { cifar10::load_train(folder.path()); }), "data_batch_1.bin: this is not a regular file"));
    const test::temporary_directory empty;
    CHECK(says(refusal_of([&] { cifar10::load_train(empty.path()); }), empty.path("data_batch_1.bin") + ": this file is missing"));
}

TEST_CASE("a directory and a file without permission are named") {
    const test::temporary_directory folder;
    write_set(folder.path("closed"));
    write_set(folder.path("open"));
    std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    std::filesystem::permissions(folder.path("closed"), std::filesystem::perms::none);
    std::filesystem::permissions(folder.path("open/data_batch_1.bin"), std::filesystem::perms::none);
    const pid_t child = ::fork();
    if (child == 0) {  // nothing is forbidden to root
        if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(9);
        const auto refused = [&](const std::string& what, const std::string& words) {
            try {
                cifar10::load_train(folder.path(what));
            } catch (const strata::invalid_input& error) { return std::string(error.what()).find(words) != std::string::npos; }
            return false;
        };
        ::_exit((refused("closed", "closed: the directory cannot be read (Permission denied); give") ? 0 : 1) +
                (refused("open", "data_batch_1.bin: cannot be opened (Permission denied)") ? 0 : 2));
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    std::filesystem::permissions(folder.path("closed"), std::filesystem::perms::owner_all);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("class names are ten lines of text, or the file is refused") {
    const auto names = [](const std::string& text) { return cifar10::parse_class_names(test::bytes_of(text), "names"); };
    CHECK(names("a\r\nb\r\nc c\nd\ne\nf\ng\nh\ni\nj\n\n\n").at(2) == "c c");
    CHECK(names("a\nb\nc\nd\ne\nf\ng\nh\ni\nj").back() == "j");
    CHECK(says(refusal_of([&] { names("a\nb\n"); }), "names: the file names 2 classes, but there are 10"));
    CHECK(says(refusal_of([&] { names(""); }), "names 0 classes"));
    CHECK(says(refusal_of([&] { names("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n"); }), "names 11 classes"));
    CHECK(says(refusal_of([&] { names(std::string("a\0", 2)); }), "names: byte 0 is no text"));
    CHECK(says(refusal_of([&] { names(std::string(70'000, 'a')); }), "names: the file is too long"));
}
