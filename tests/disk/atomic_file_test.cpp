// SPDX-License-Identifier: MIT
// A file is there whole or not at all, whatever fails.
#include <strata/disk/atomic_file.hpp>

#include <strata/core/error.hpp>

#include <doctest/doctest.h>

#include <support/scratch_folder.hpp>

#include <csignal>
#include <sys/resource.h>
#include <unistd.h>

namespace {

// No file of this process may grow beyond so many bytes while this lives: writing fails as on a full disk.
struct short_of_room {
    explicit short_of_room(rlim_t bytes) : handler(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before);
        const rlimit now{bytes, before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~short_of_room() {
        ::setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, handler);
    }
    short_of_room(const short_of_room&) = delete;
    short_of_room& operator=(const short_of_room&) = delete;

    rlimit before{};
    void (*handler)(int);
};

}  // namespace

TEST_CASE("a committed file replaces the old one, and nothing is left beside it") {
    const test::scratch_folder folder;
    test::put(folder / "file", "old");
    {
        strata::atomic_file file(folder / "file");
        file.write("new ");
        file.write("text");
        CHECK(test::text_of(folder / "file") == "old");
        file.commit();
    }
    CHECK(test::text_of(folder / "file") == "new text");
    CHECK(folder.names().size() == 1);
}

TEST_CASE("a file that is not committed leaves the old one and no trace") {
    const test::scratch_folder folder;
    test::put(folder / "file", "old");
    {
        strata::atomic_file file(folder / "file");
        file.write("new");
        CHECK(folder.names().size() == 2);
    }
    CHECK(test::text_of(folder / "file") == "old");
    CHECK(folder.names().size() == 1);
}

TEST_CASE("when there is no room the old file stays and the sentence says so") {
    const test::scratch_folder folder;
    test::put(folder / "file", "old");
    std::string message;
    {
        const short_of_room limit(1000);
        message = test::thrown_by<strata::io_error>([&] { strata::write_file(folder / "file", std::string(5000, 'x')); });
    }
    CHECK(message == folder / "file" + ": writing failed: File too large");
    CHECK(test::text_of(folder / "file") == "old");
    CHECK(folder.names().size() == 1);
}

TEST_CASE("writing where nobody can write names the path and the reason") {
    const test::scratch_folder folder;
    const auto said = [](const std::string& path) { return test::thrown_by<strata::io_error>([&] { strata::write_file(path, "x"); }); };
    CHECK(said(folder / "none/file") == folder / "none/file" + ": cannot be written: No such file or directory");
    CHECK(said(folder.path()) == folder.path() + ": cannot be written: Is a directory");
    if (::geteuid() != 0) CHECK(test::has(said("/file-of-a-test"), "/file-of-a-test: cannot be written: Permission denied"));
}

TEST_CASE("two files of one name may be written at once, and the last commit stays") {
    const test::scratch_folder folder;
    strata::atomic_file first(folder / "file"), second(folder / "file");
    first.write("first");
    second.write("second");
    second.commit();
    first.commit();
    CHECK(test::text_of(folder / "file") == "first");
    CHECK(folder.names().size() == 1);
}

TEST_CASE("a name of the longest possible length can be written") {
    const test::scratch_folder folder;
    const std::string name(255, 'n');
    strata::write_file(folder / name, "x");
    CHECK(test::text_of(folder / name) == "x");
}

TEST_CASE("make_folders makes a folder with its parents, and leaves those that are there") {
    const test::scratch_folder folder;
    strata::make_folders(folder / "a/b/c");
    strata::write_file(folder / "a/b/c/file", "x");
    strata::make_folders(folder / "a/b/c/");
    CHECK(test::text_of(folder / "a/b/c/file") == "x");
}
