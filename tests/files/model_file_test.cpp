// SPDX-License-Identifier: MIT
// A model survives its file with everything beside the weights; a file that is damaged or of another kind is refused.
#include <strata/files/model_file.hpp>

#include <strata/core/error.hpp>
#include <strata/files/program_text.hpp>
#include <strata/files/safetensors.hpp>
#include <strata/models/alexnet_cifar.hpp>

#include "shelf_device.hpp"

#include <doctest/doctest.h>

#include <support/scratch_folder.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace {

const std::vector<std::string> classes = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};

strata::model small_model(const strata::conventions& conventions = strata::conventions::keras) {
    strata::model model(strata::alexnet_cifar_program(0.05).view(), test::shelf(),
                        {.conventions = conventions, .seed = 12345678901234567890u});
    model.executor().set_steps(77);
    return model;
}

// What loading says of the file.
std::string refusal(const std::string& path) {
    return test::thrown_by<strata::invalid_input>([&] { strata::load_model(path, test::shelf()); });
}

// A model's file once more, with its metadata or tensors changed.
struct changed_file {
    strata::safetensors::contents from;
    std::vector<strata::safetensors::tensor> tensors;
    strata::safetensors::text_pairs metadata;

    explicit changed_file(const std::string& path)
        : from(strata::safetensors::read(path)), tensors(from.tensors()), metadata(from.metadata()) {}
    changed_file& set(const std::string& key, const std::string& value) {
        for (auto& [k, v] : metadata) {
            if (k == key) v = value;
        }
        return *this;
    }
    changed_file& drop(const std::string& key) {
        std::erase_if(metadata, [&](const auto& pair) { return pair.first == key; });
        return *this;
    }
    std::string refusal_at(const std::string& path) {
        strata::safetensors::write(path, tensors, metadata);
        return refusal(path);
    }
};

}  // namespace

TEST_CASE("a model survives its file: weights, statistics, steps, classes, preprocessing, conventions") {
    const test::scratch_folder folder;
    strata::conventions own = strata::conventions::torch;
    own.batch_norm_epsilon = 0.123f;
    strata::model model = small_model(own);
    model.write("batch_norm_1.moving_variance", std::vector<float>(model.read("batch_norm_1.moving_variance").size(), 2.5f));
    strata::save_model(model, folder / "m.safetensors", {.class_names = classes, .input = {.scale = 0.5f, .offset = -1}});

    const strata::loaded_model loaded = strata::load_model(folder / "m.safetensors", test::shelf());
    CHECK(loaded.class_names == classes);
    CHECK(loaded.input == strata::preprocessing{.scale = 0.5f, .offset = -1});
    CHECK(loaded.version == STRATA_VERSION_STRING);
    CHECK(loaded.model.steps() == 77);
    CHECK(loaded.model.options().seed == 12345678901234567890u);
    CHECK(loaded.model.options().conventions == own);
    CHECK(strata::program_text(loaded.model.program()) == strata::program_text(model.program()));
    REQUIRE(loaded.model.names() == model.names());
    for (const std::string& name : model.names()) {
        CAPTURE(name);
        CHECK(loaded.model.read(name) == model.read(name));
    }
    CHECK(loaded.model.read("batch_norm_1.moving_variance")[0] == 2.5f);
}

TEST_CASE("the share of initial statistics survives the file: momentum^steps, and none of what was imported") {
    const test::scratch_folder folder;
    const auto saved_and_loaded = [&](const strata::model& model) {
        strata::save_model(model, folder / "m.safetensors");
        return strata::load_model(folder / "m.safetensors", test::shelf()).model;
    };
    strata::model model = small_model();
    CHECK(saved_and_loaded(model).initial_statistics_share() == model.initial_statistics_share());
    CHECK(model.initial_statistics_share() == doctest::Approx(std::pow(0.99, 77)).epsilon(1e-4));

    for (const strata::variable& v : model.program().statistics)
        model.write(strata::variable_name(model.program(), v), std::vector<float>(static_cast<std::size_t>(v.size()), 0.5f));
    const strata::model loaded = saved_and_loaded(model);
    CHECK(loaded.initial_statistics_share() == 0);
    CHECK(loaded.imported_statistics() == model.imported_statistics());
    CHECK(saved_and_loaded(loaded).initial_statistics_share() == 0);
    CHECK(loaded.steps() == 77);

    changed_file older(folder / "m.safetensors");
    older.drop("strata.imported_statistics");
    CHECK(older.refusal_at(folder / "older").empty());
    CHECK(test::has(changed_file(folder / "m.safetensors").set("strata.imported_statistics", "{}").refusal_at(folder / "bad"),
                    "'strata.imported_statistics'"));
}

TEST_CASE("the file is an ordinary safetensors file with canonical layouts") {
    const test::scratch_folder folder;
    strata::save_model(small_model(), folder / "m.safetensors");
    const auto file = strata::safetensors::read(folder / "m.safetensors");
    CHECK(file.find("conv2d.weight")->shape == std::vector<std::int64_t>{5, 3, 3, 3});
    CHECK(file.find("dense_2.weight")->shape == std::vector<std::int64_t>{10, 26});
    CHECK(file.find("batch_norm.gamma")->shape == std::vector<std::int64_t>{5});
    CHECK(*file.find_metadata("strata.classes") == "[]");
    CHECK(test::has(*file.find_metadata("strata.conventions"), "\"batch_norm_momentum\":0.99,\"batch_norm_epsilon\":0.001"));
    CHECK(*file.find_metadata("strata.preprocessing") == "{\"scale\":0.003921569,\"offset\":0}");
}

TEST_CASE("the same model gives the same bytes") {
    const test::scratch_folder folder;
    strata::save_model(small_model(), folder / "a");
    strata::save_model(small_model(), folder / "b");
    CHECK(test::text_of(folder / "a") == test::text_of(folder / "b"));
}

TEST_CASE("a file that is missing or of another kind is refused with a sentence") {
    const test::scratch_folder folder;
    CHECK(test::has(refusal(folder / "none"), "No such file"));
    test::put(folder / "text", "this is a text, and no model at all");
    CHECK(test::has(refusal(folder / "text"), "not a safetensors file"));
    CHECK(
        refusal(std::string(STRATA_GOLDEN_DIR) + "/keras.safetensors") ==
        std::string(STRATA_GOLDEN_DIR) +
            "/keras.safetensors: this is a safetensors file, but not a strata model: its metadata has no 'strata.format'; give a file that "
            "save_model or the trainer wrote");
}

TEST_CASE("damaged metadata are refused by their key") {
    const test::scratch_folder folder;
    const std::string good = folder / "good", bad = folder / "bad";
    strata::save_model(small_model(), good, {.class_names = classes});
    CHECK(refusal(good).empty());
    const auto with = [&](const std::string& key, const std::string& value) { return changed_file(good).set(key, value).refusal_at(bad); };
    CHECK(test::has(with("strata.format", "2"), "format is \"2\", and this strata"));
    CHECK(test::has(with("strata.program", "strata program 1\n"), "the program's line 2"));
    CHECK(test::has(with("strata.classes", "[1]"), "'strata.classes' in its metadata cannot be read"));
    CHECK(test::has(with("strata.classes", "[\"a\"]"), "1 class names, and its network has 10 classes"));
    CHECK(test::has(with("strata.preprocessing", "{}"), "'strata.preprocessing'"));
    CHECK(test::has(with("strata.conventions", "{\"weights\":\"glorot_uniform\"}"), "'strata.conventions'"));
    CHECK(test::has(with("strata.conventions", "not JSON"), "strata.conventions: not valid JSON"));
    CHECK(test::has(with("strata.precision", "fp8"), "'strata.precision'"));
    CHECK(test::has(with("strata.steps", "-1"), "'strata.steps'"));
    CHECK(test::has(with("strata.steps", "12x"), "'strata.steps'"));
    CHECK(test::has(with("strata.seed", ""), "'strata.seed'"));
    CHECK(test::has(with("strata.crc32", "0"), "checksum"));
    for (const char* key : {"strata.program", "strata.classes", "strata.conventions", "strata.steps", "strata.crc32"}) {
        CHECK(test::has(changed_file(good).drop(key).refusal_at(bad), std::string("has no '") + key + "'"));
    }
}

TEST_CASE("tensors that do not fit the network are refused by name") {
    const test::scratch_folder folder;
    const std::string good = folder / "good", bad = folder / "bad";
    strata::save_model(small_model(), good);
    changed_file missing(good), wrong(good), more(good), other(good);
    std::erase_if(missing.tensors, [](const auto& t) { return t.name == "dense.bias"; });
    CHECK(test::has(missing.refusal_at(bad), "the tensor \"dense.bias\" is missing"));
    for (auto& t : wrong.tensors) {
        if (t.name == "dense_2.weight") std::swap(t.shape[0], t.shape[1]);
    }
    CHECK(test::has(wrong.refusal_at(bad), "\"dense_2.weight\" has not the type and shape"));
    more.tensors.push_back({"extra", strata::dtype::f32, {0}, {}});
    CHECK(test::has(more.refusal_at(bad), "tensors, and its network has"));
    CHECK(test::has(other.set("strata.program", strata::program_text(strata::alexnet_cifar_program(0.1).view())).refusal_at(bad),
                    "has not the type and shape"));
}

TEST_CASE("one changed bit in the values is noticed") {
    const test::scratch_folder folder;
    strata::save_model(small_model(), folder / "m");
    std::string text = test::text_of(folder / "m");
    text[text.size() - 100] = static_cast<char>(text[text.size() - 100] ^ 4);
    test::put(folder / "m", text);
    CHECK(test::has(refusal(folder / "m"), "the model is damaged: its values do not have the checksum"));
}

TEST_CASE("saving refuses class names that are not as many as classes; a name of two layers is refused before") {
    const test::scratch_folder folder;
    CHECK_THROWS_AS(strata::save_model(small_model(), folder / "m", {.class_names = {"one"}}), strata::invalid_input);
    strata::program p({4, 4, 1});
    strata::tensor x = strata::build::flatten(p, p.input());
    for (int i = 0; i < 2; ++i) {
        p.name_next("head");
        x = strata::build::dense(p, x, {.units = 2});
    }
    CHECK_THROWS_AS(strata::model(p.view(), test::shelf()), strata::invalid_input);  // long before it could be saved
    CHECK(folder.names().empty());
}

TEST_CASE("a model whose precision the device lacks is refused, unless another is asked for") {
    const test::scratch_folder folder;
    strata::save_model(small_model(), folder / "good");
    changed_file file(folder / "good");
    file.set("strata.precision", "tf32");
    strata::safetensors::write(folder / "tf32", file.tensors, file.metadata);
    CHECK_THROWS_AS(strata::load_model(folder / "tf32", test::shelf()), strata::unsupported);
    const auto loaded = strata::load_model(folder / "tf32", test::shelf(), {.precision = strata::precision::fp32});
    CHECK(loaded.model.options().precision == strata::precision::fp32);
}
