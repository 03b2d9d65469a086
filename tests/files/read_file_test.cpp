// SPDX-License-Identifier: MIT
// A whole file in memory, and what is said when there is none.
#include <strata/files/read_file.hpp>

#include <strata/core/error.hpp>

#include "scratch_folder.hpp"

#include <doctest/doctest.h>

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
