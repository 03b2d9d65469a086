// SPDX-License-Identifier: MIT
// A tuning file says what was measured, every time and choice, and nothing is believed of one that is damaged or of another kind.
#include "shelf_device.hpp"

#include <strata/files/tuning_file.hpp>

#include <strata/core/error.hpp>
#include <strata/cpu.hpp>
#include <strata/files/model_file.hpp>
#include <strata/models/alexnet_cifar.hpp>

#include <doctest/doctest.h>

#include <support/scratch_folder.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace strata;

namespace {

cpu::tuning some_tuning() {
    cpu::convolution_case five{.pass = cpu::convolution_pass::forward,
                               .batch = 128,
                               .in = {15, 15, 96},
                               .filters = 256,
                               .rows = {5, 1, 2, 2},
                               .columns = {5, 1, 2, 2},
                               .threads = 2,
                               .width = cpu::vector_width::avx2};
    cpu::convolution_case strided = five;
    strided.pass = cpu::convolution_pass::backward_weights;
    strided.rows = strided.columns = {3, 2, 1, 0};
    return {.measured_on = {.processor = "a \"processor\"",
                            .instruction_set = "AVX2",
                            .onednn = "2.6.3",
                            .strata = "0.1.0",
                            .width = cpu::vector_width::avx2,
                            .threads = 2},
            .cases = {{five, {4}, {{{0}, 22.5}, {{4}, 10.1}, {{5}, 12.125}}}, {strided, {0}, {{{0}, 0.1}}}}};
}

// A shelf whose executors say what computed them.
struct choosing_device : test::shelf_device {
    struct choosing_executor : test::shelf_executor {
        std::string text;
        std::string kernel_choices() const override { return text; }
    };
    std::string text;
    explicit choosing_device(std::string choices) : text(std::move(choices)) {}
    std::unique_ptr<backend::executor> make_executor(const program_view&, const executor_options&) const override {
        auto made = std::make_unique<choosing_executor>();
        made->text = text;
        return made;
    }
};

std::string refused_with(const std::string& text) {
    return test::thrown_by<invalid_input>([&] { parse_tuning(text, "my.tuning"); });
}

// The text with one part replaced, which must be there.
std::string changed(const std::string& part, const std::string& by) {
    std::string text = tuning_text(some_tuning());
    const auto at = text.find(part);
    REQUIRE_MESSAGE(at != std::string::npos, part);
    return text.replace(at, part.size(), by);
}

}  // namespace

TEST_CASE("a tuning survives its file: machine, cases, choices, times") {
    const test::scratch_folder folder;
    save_tuning(some_tuning(), folder / "t.json");
    CHECK(load_tuning(folder / "t.json") == some_tuning());
    const cpu::tuning empty{.measured_on = some_tuning().measured_on, .cases = {}};
    CHECK(parse_tuning(tuning_text(empty), "empty") == empty);
}

TEST_CASE("a file that is missing or of another kind is refused with a sentence that names it") {
    const test::scratch_folder folder;
    const auto loading = [&](const std::string& name) { return test::thrown_by<invalid_input>([&] { load_tuning(folder / name); }); };
    CHECK(loading("none") == folder / "none" + ": cannot be read: No such file or directory");
    CHECK(test::has(loading("."), "this is a directory"));
    test::put(folder / "big", std::string(4'000'001, ' '));
    CHECK(test::has(loading("big"), "more than the 4000000 that are read"));
    CHECK(test::has(refused_with(""), "my.tuning: not valid JSON at byte 0"));
    CHECK(test::has(refused_with("PK\x03\x04"), "my.tuning: not valid JSON"));
    for (const char* other : {"[]", "{}", "1", "{\"format\": 1}", "{\"format\": \"history\"}"})
        CHECK(test::has(refused_with(other), "my.tuning: this is JSON, but no tuning file"));
    CHECK(test::has(refused_with(changed("tuning 1", "tuning 2")), "its format is \"strata tuning 2\", and this strata"));
}

TEST_CASE("every cut of a tuning file is refused") {
    const std::string text = tuning_text(some_tuning());
    for (std::size_t length = 0; length + 2 < text.size(); ++length) {  // the last two are the brace and the line's end
        CAPTURE(length);
        CHECK_FALSE(refused_with(text.substr(0, length)).empty());
    }
}

TEST_CASE("a value of a wrong kind or out of range is refused by its key") {
    CHECK(test::has(refused_with(changed("\"threads\": 2,", "\"threads\": 0,")), "my.tuning: it is damaged: 'threads'"));
    CHECK(test::has(refused_with(changed("\"threads\": 2,", "\"threads\": 1e9,")), "'threads'"));
    CHECK(test::has(refused_with(changed("\"threads\": 2,", "\"threads\": 4,")), "my.tuning: convolution 1: it is damaged: 'threads'"));
    CHECK(test::has(refused_with(changed("\"vectors\": \"avx2\",\n", "\"vectors\": \"avx9\",\n")), "'vectors'"));
    CHECK(test::has(refused_with(changed("\"processor\": \"a \\\"processor\\\"\"", "\"processor\": \"\"")), "'processor'"));
    CHECK(test::has(refused_with(changed("\"onednn\": \"2.6.3\",\n", "")), "'onednn'"));
    CHECK(test::has(refused_with(changed("\"pass\": \"forward\"", "\"pass\": \"sideways\"")), "convolution 1: it is damaged: 'pass'"));
    CHECK(test::has(refused_with(changed("\"batch\": 128", "\"batch\": -1")), "'batch'"));
    CHECK(test::has(refused_with(changed("\"batch\": 128", "\"batch\": 128.5")), "'batch'"));
    CHECK(test::has(refused_with(changed("[15, 15, 96]", "[15, 15]")), "'in'"));
    CHECK(test::has(refused_with(changed("[15, 15, 96]", "[15, 15, 99999999999999999999]")), "'in'"));
    CHECK(test::has(refused_with(changed("[2, 2, 2, 2]", "[0, 0, -2, 2]")), "'padding'"));
    CHECK(test::has(refused_with(changed("\"kernel\": [3, 3]", "\"kernel\": [30, 3]")),
                    "convolution 2: it is damaged: the kernel does not fit"));
    CHECK(test::has(refused_with(changed("\"tile\": 4", "\"tile\": 64")), "there is no tile 64 for such a convolution"));
    CHECK(test::has(refused_with(changed("\"tile\": 0", "\"tile\": 2")), "convolution 2: there is no tile 2"));
    CHECK(test::has(refused_with(changed("\"0\": 22.5", "\"0\": -1")), "'milliseconds'"));
    CHECK(test::has(refused_with(changed("\"0\": 22.5", "\"zero\": 22.5")), "'milliseconds'"));
    CHECK(test::has(refused_with(changed("\"strata\": ", "\"owner\": 1, \"strata\": ")), "my.tuning: the key \"owner\" is unknown"));
    CHECK(test::has(refused_with(changed("\"filters\": 256", "\"filters\": 256, \"note\": 1")),
                    "convolution 1: the key \"note\" is unknown"));
}

TEST_CASE("what still reads well but was changed does not have its checksum") {
    for (const auto& [part, by] : std::vector<std::pair<std::string, std::string>>{{"\"tile\": 4", "\"tile\": 5"},
                                                                                   {"\"batch\": 128", "\"batch\": 129"},
                                                                                   {"\"4\": 10.1", "\"4\": 10.2"},
                                                                                   {"\"AVX2\"", "\"AVX-512\""},
                                                                                   {"\"onednn\": \"2.6.3\"", "\"onednn\": \"3.5.0\""}}) {
        CAPTURE(part);
        CHECK(test::has(refused_with(changed(part, by)), "my.tuning: it is damaged: what it says does not have the checksum"));
    }
}

TEST_CASE("stored choices of kernels are read back as they were, and refused when they are damaged") {
    std::vector<cpu::convolution_choices::entry> entries;
    for (const auto& c : some_tuning().cases) entries.push_back({c.which, c.way});
    CHECK(parse_convolutions(cpu::json_of(entries), "m") == entries);
    CHECK(parse_convolutions("[]", "m").empty());
    const auto refused = [](const std::string& text) {
        return test::thrown_by<invalid_input>([&] { parse_convolutions(text, "m.safetensors"); });
    };
    CHECK(refused("{}") == "m.safetensors: the choices of kernels are damaged");
    CHECK(test::has(refused("[1]"), "m.safetensors: it is no JSON object"));
    CHECK(test::has(refused("[{}]"), "m.safetensors: it is damaged: 'pass'"));
    CHECK(test::has(refused("["), "m.safetensors: not valid JSON"));
}

TEST_CASE("a model file tells which algorithms computed the model, and none where the device has nothing to choose") {
    const test::scratch_folder folder;
    std::vector<cpu::convolution_choices::entry> entries;
    for (const auto& c : some_tuning().cases) entries.push_back({c.which, c.way});
    const auto saved = [&](const std::string& name, const std::string& choices) {
        const device shelf(std::make_shared<const choosing_device>(choices));
        save_model(model(alexnet_cifar_program(0.02).view(), shelf), folder / name);
        CHECK(load_model(folder / name, shelf).model.steps() == 0);  // it is a model like any other
        return folder / name;
    };
    CHECK(stored_convolutions(saved("chosen", cpu::json_of(entries))) == entries);
    CHECK(stored_convolutions(saved("plain", "")).empty());
    const std::string bad = saved("bad", "[{\"pass\": 1}]");
    CHECK(test::thrown_by<invalid_input>([&] { stored_convolutions(bad); }) ==
          bad + ": strata.kernels: it is damaged: 'pass' cannot be read");
    CHECK(test::thrown_by<invalid_input>([&] { stored_convolutions(folder / "none"); }) != "");
}

TEST_CASE("on a device that is opened with the choices of its file a model goes on with the same bits") {
    program p({10, 10, 8});
    tensor x = build::conv2d(p, p.input(), {.filters = 16, .win = same(3)});
    x = build::conv2d(p, build::relu(p, x), {.filters = 8, .win = same(5)});
    build::dense(p, build::flatten(p, x), {.units = 3});
    const random_stream random{.seed = 3, .purpose = random_purpose::user};
    std::vector<std::uint8_t> pictures(4 * 800);
    for (std::size_t i = 0; i < pictures.size(); ++i) pictures[i] = static_cast<std::uint8_t>(random.word(i) >> 24);
    const std::vector<std::int32_t> labels{0, 1, 2, 1};
    const dataset_view batch = view_of({10, 10, 8}, 3, std::span<const std::uint8_t>(pictures), labels);
    const auto step = [&](model& of) { return trainer(of, sgd{}).train_step(batch).loss; };

    for (const int tile : {0, 4}) {
        CAPTURE(tile);
        const test::scratch_folder folder;
        model whole(p.view(), cpu::open({.threads = 1, .convolutions = {{}, cpu::convolution_way{tile}}}));
        step(whole);
        save_model(whole, folder / "m");
        const auto stored = stored_convolutions(folder / "m");
        REQUIRE(stored.size() == 5);  // forward and by weights twice, by data once
        for (const auto& entry : stored) CHECK(entry.way.tile == tile);

        model resumed = load_model(folder / "m", cpu::open({.threads = 1, .convolutions = {stored, {}}})).model;
        CHECK(step(resumed) == step(whole));
        for (const std::string& name : whole.names()) {
            CAPTURE(name);
            CHECK(resumed.read(name) == whole.read(name));
        }
    }
}
