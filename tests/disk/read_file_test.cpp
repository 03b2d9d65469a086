// SPDX-License-Identifier: MIT
// A whole file in memory, and what is said when there is none.
#include <strata/disk/read_file.hpp>

#include <strata/core/error.hpp>

#include <doctest/doctest.h>

#include <support/scratch_folder.hpp>

#include <span>
#include <string>

#include <sys/stat.h>

TEST_CASE("read_file gives every byte") {
    const test::scratch_folder folder;
    const std::string text("a\0b\n", 4);
    test::put(folder / "file", text);
    test::put(folder / "empty", "");
    const auto bytes = strata::read_file(folder / "file");
    CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == text);
    CHECK(strata::read_file(folder / "empty").empty());
}

TEST_CASE("read_file names what it cannot read, and why") {
    const test::scratch_folder folder;
    const auto said = [](const std::string& path, std::int64_t limit = 100) {
        return test::thrown_by<strata::invalid_input>([&] { strata::read_file(path, limit); });
    };
    CHECK(said(folder / "none") == folder / "none" + ": cannot be read: No such file or directory");
    CHECK(said(folder.path()) == folder.path() + ": this is a directory; give a file");
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(test::has(said(folder / "pipe"), "not a regular file"));
    test::put(folder / "long", std::string(101, 'x'));
    CHECK(test::has(said(folder / "long"), "has 101 bytes, more than the 100"));
    CHECK(strata::read_file(folder / "long", 101).size() == 101);
}

TEST_CASE("read_text gives the same bytes as text") {
    const test::scratch_folder folder;
    const std::string text("a\0b\n", 4);
    test::put(folder / "file", text);
    CHECK(strata::read_text(folder / "file") == text);
    CHECK(strata::read_text(folder / "file", 4) == text);
    CHECK_THROWS_AS(strata::read_text(folder / "file", 3), strata::invalid_input);
}

TEST_CASE("an input_file gives its bytes piece by piece, and says when it has become shorter") {
    const test::scratch_folder folder;
    test::put(folder / "file", "abcdef");
    strata::input_file file(folder / "file");
    CHECK(file.size() == 6);
    std::string first(2, ' '), rest(3, ' ');
    file.read(std::as_writable_bytes(std::span(first)));
    file.read(std::as_writable_bytes(std::span(rest)));
    CHECK(first == "ab");
    CHECK(rest == "cde");
    CHECK(test::thrown_by<strata::io_error>([&] { file.read(std::as_writable_bytes(std::span(rest))); }) ==
          folder / "file" + ": the file became shorter while it was read");
}

TEST_CASE("a file exists, and so does what cannot be looked at") {
    const test::scratch_folder folder;
    test::put(folder / "file", "");
    CHECK(strata::file_exists(folder / "file"));
    CHECK(strata::file_exists(folder.path()));
    CHECK(!strata::file_exists(folder / "none"));
    CHECK(strata::file_exists(folder / "file/inside"));  // not a directory: opening it says so
}
