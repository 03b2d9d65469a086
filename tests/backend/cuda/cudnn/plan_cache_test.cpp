// SPDX-License-Identifier: MIT
#include "gpus.hpp"

#include <strata/backend/cuda/cudnn/plan_cache.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

using namespace strata::cudnn;
using namespace strata_tests;

namespace {

// A folder of its own, gone at the end.
struct folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("strata-plan-cache-" + std::to_string(::getpid()) + '-' + std::to_string(number++));
    ~folder() { std::filesystem::remove_all(path); }
    std::string name() const { return (path / "plans").string(); }
    static inline int number = 0;
};

operation_graph convolution(std::int64_t filters = 256) {
    operation_graph g;
    g.convolution_forward(pictures(0, data_type::f32, 15, 96), filter(1, data_type::f32, filters, 5, 5, 96),
                          pictures(2, data_type::f32, 15, filters), window::square(5, 1, 2));
    return g;
}

std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::size_t files_in(const std::string& name) {
    const std::filesystem::directory_iterator files(name), none;
    return static_cast<std::size_t>(std::distance(files, none));
}

}  // namespace

TEST_CASE("a plan is made once, and then read: same JSON, engine, notes and workspace") {
    const folder f;
    const target on = gpu("h100_sm90");
    plan_cache first(f.name());
    const plan made = first.find_plan(convolution(), on, {}, "first");
    CHECK(first.counted().made == 1);
    CHECK(first.counted().loaded == 0);

    plan_cache second(f.name());
    const plan loaded = second.find_plan(convolution(), on, {}, "second");
    CHECK(second.counted().loaded == 1);
    CHECK(second.counted().made == 0);
    CHECK(loaded.json() == made.json());
    CHECK(loaded.facts() == made.facts());
    CHECK(loaded.workspace_bytes() == made.workspace_bytes());
    CHECK(files_in(f.name()) == 1);
}

TEST_CASE("graph, GPU and filter have files of their own") {
    const folder f;
    const plan_cache cache(f.name());
    const target on = gpu("h100_sm90"), other = gpu("rtx4090_sm89");
    const std::string path = cache.path_of(convolution(), on, {});
    CHECK(path != cache.path_of(convolution(192), on, {}));
    CHECK(path != cache.path_of(convolution(), other, {}));
    CHECK(path != cache.path_of(convolution(), on, {.strict_fp32 = true}));
    CHECK(path != cache.path_of(convolution(), on, {.deterministic = true}));
    CHECK(path != cache.path_of(convolution(), on, {.workspace_limit = 1 << 20}));
    const std::string key = plan_cache::key_of(convolution(), on, {});
    for (const char* part : {"cudnn ", "cuda ", "driver ", "H100", "convolution_forward"}) CHECK(key.find(part) != key.npos);
}

TEST_CASE("no changed byte and no missing one gets past the sums: the plan is made anew and written over") {
    const folder f;
    const target on = gpu("h100_sm90");
    const operation_graph g = convolution();
    plan_cache cache(f.name());
    const plan made = cache.find_plan(g, on, {}, "made");
    const std::string path = cache.path_of(g, on, {}), whole = read(path);
    REQUIRE(whole.size() > 1000);
    int damaged = 0;
    const auto expect_rejection = [&](const std::string& text) {
        write(path, text);
        const plan again = cache.find_plan(g, on, {}, "again");
        CHECK(cache.counted().rejected == ++damaged);
        CHECK(cache.counted().loaded == 0);
        CHECK(read(path) == whole);
    };
    for (std::size_t at = 0; at < whole.size(); at += 61) {
        std::string text = whole;
        text[at] = text[at] == '1' ? '2' : '1';
        if (text != whole) expect_rejection(text);
    }
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, whole.size() / 2, whole.size() - 1}) {
        expect_rejection(whole.substr(0, length));
    }
    expect_rejection(whole + ' ');
}

TEST_CASE("a whole file of another key is not taken for this one") {
    const folder f;
    const target on = gpu("h100_sm90");
    plan_cache cache(f.name());
    (void)cache.find_plan(convolution(192), on, {}, "other");
    std::filesystem::copy_file(cache.path_of(convolution(192), on, {}), cache.path_of(convolution(), on, {}));
    const plan made = cache.find_plan(convolution(), on, {}, "this");
    CHECK(cache.counted().rejected == 1);
    CHECK(made.graph().at(1).dims[0] == 256);
}

TEST_CASE("a folder that cannot be had, and a folder in a file's place, cost the file and not the plan") {
    const folder f;
    const target on = gpu("h100_sm90");
    std::filesystem::create_directories(f.path);
    write((f.path / "file").string(), "no folder");
    plan_cache nowhere((f.path / "file" / "plans").string());
    CHECK_NOTHROW((void)nowhere.find_plan(convolution(), on, {}, "nowhere"));
    CHECK(nowhere.counted().unwritten == 1);

    plan_cache blocked(f.name());
    std::filesystem::create_directories(blocked.path_of(convolution(), on, {}));
    CHECK_NOTHROW((void)blocked.find_plan(convolution(), on, {}, "blocked"));
    CHECK(blocked.counted().rejected == 1);
    CHECK(blocked.counted().unwritten == 1);
    CHECK(files_in(f.name()) == 1);  // nothing is left lying aside
}

TEST_CASE("without a folder every plan is made; a refusal is a refusal with a cache too") {
    plan_cache none;
    CHECK_NOTHROW((void)none.find_plan(convolution(), gpu("h100_sm90"), {}, "made"));
    CHECK(none.counted().made == 1);
    const folder f;
    plan_cache cache(f.name());
    std::string why;
    CHECK(!cache.try_plan(convolution(), gpu("h100_sm90"), {.workspace_limit = -1}, "conv2d #2 forward", &why));
    CHECK(why.find("conv2d #2 forward") == 0);
    CHECK_THROWS_AS((void)cache.find_plan(convolution(), gpu("h100_sm90"), {.workspace_limit = -1}, "conv2d #2 forward"), no_plan);
}
