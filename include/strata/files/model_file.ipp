// SPDX-License-Identifier: MIT
// Bodies of model_file.hpp. Everything in the file is checked before a model is made of it.
#pragma once

#include <strata/files/model_file.hpp>

#include <strata/core/error.hpp>
#include <strata/files/crc32.hpp>
#include <strata/files/json.hpp>
#include <strata/files/program_text.hpp>
#include <strata/files/safetensors.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI {

namespace model_file_detail {

STRATA_INLINE std::string checksum(const std::vector<safetensors::tensor>& sorted) {
    crc32 sum;
    for (const safetensors::tensor& t : sorted) sum.add(t.bytes);
    char digits[8];
    return {digits, std::to_chars(digits, digits + 8, sum.value(), 16).ptr};
}

constexpr const char* name_of(initializer value) { return value == initializer::glorot_uniform ? "glorot_uniform" : "torch_uniform"; }
constexpr const char* name_of(bool value) { return value ? "true" : "false"; }

STRATA_INLINE std::string text_of(const conventions& c) {
    return "{\"batch_norm_momentum\":" + json::number(c.batch_norm_momentum) +
           ",\"batch_norm_epsilon\":" + json::number(c.batch_norm_epsilon) +
           ",\"unbiased_moving_variance\":" + name_of(c.unbiased_moving_variance) + ",\"weights\":\"" + name_of(c.weights) +
           "\",\"adam_epsilon_hat\":" + name_of(c.adam_epsilon_hat) + ",\"adam_epsilon\":" + json::number(c.adam_epsilon) +
           ",\"decoupled_weight_decay\":" + name_of(c.decoupled_weight_decay) +
           ",\"velocity_holds_rate\":" + name_of(c.velocity_holds_rate) + "}";
}

STRATA_INLINE std::string text_of(const std::vector<std::string>& list) {
    std::string text = "[";
    for (const std::string& item : list) text += (text.size() > 1 ? "," : "") + json::quoted(item);
    return text + "]";
}

STRATA_INLINE std::vector<std::int64_t> dims_of(const variable& v) { return {v.dims, v.dims + v.rank}; }

// The metadata of one file, read with sentences.
class description {
public:
    description(const safetensors::contents& file, const std::string& path) : file_(file), path_(path) {}

    [[noreturn]] void fail(const std::string& why) const { throw invalid_input(path_ + ": " + why); }

    const std::string& text(const char* key) const {
        const std::string* found = file_.find_metadata(key);
        if (found == nullptr)
            fail("this is a safetensors file, but not a strata model: its metadata has no '" + std::string(key) +
                 "'; give a file that save_model or the trainer wrote");
        return *found;
    }
    template <typename Integer>
    Integer integer(const char* key) const {
        const std::string& digits = text(key);
        Integer value = 0;
        const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (problem != std::errc{} || end != digits.data() + digits.size() || value < 0) damaged(key);
        return value;
    }
    json::value object(const char* key) const { return json::parse(text(key), path_ + ": " + key, {.bytes = 1'000'000, .depth = 4}); }

    void check_format() const {
        if (const std::string& format = text("strata.format"); format != "1")
            fail("the model's format is " + json::quoted(format) +
                 ", and this strata (" STRATA_VERSION_STRING ") reads format \"1\": use the version that wrote it");
    }
    std::vector<std::string> texts(const char* key) const {
        const json::value list = object(key);
        if (list.kind != json::kind::array) damaged(key);
        std::vector<std::string> found;
        for (const json::value& item : list.items) {
            if (item.kind != json::kind::string) damaged(key);
            found.push_back(item.string);
        }
        return found;
    }
    // The statistics that hold nothing of their initial values, as model::imported_statistics; older files do not tell.
    std::vector<std::string> imported_statistics() const {
        const char* key = "strata.imported_statistics";
        return file_.find_metadata(key) == nullptr ? std::vector<std::string>() : texts(key);
    }
    preprocessing input() const {
        const json::value fields = object("strata.preprocessing");
        return {.scale = real(fields, "scale", "strata.preprocessing"), .offset = real(fields, "offset", "strata.preprocessing")};
    }
    strata::conventions conventions() const {
        const char* key = "strata.conventions";
        const json::value fields = object(key);
        const json::value* weights = fields.find("weights");
        if (weights == nullptr) damaged(key);
        strata::conventions c;
        c.batch_norm_momentum = real(fields, "batch_norm_momentum", key);
        c.batch_norm_epsilon = real(fields, "batch_norm_epsilon", key);
        c.unbiased_moving_variance = flag(fields, "unbiased_moving_variance");
        c.adam_epsilon_hat = flag(fields, "adam_epsilon_hat");
        c.adam_epsilon = real(fields, "adam_epsilon", key);
        c.decoupled_weight_decay = flag(fields, "decoupled_weight_decay");
        c.velocity_holds_rate = flag(fields, "velocity_holds_rate");
        if (weights->string == name_of(initializer::torch_uniform)) {
            c.weights = initializer::torch_uniform;
        } else if (weights->string != name_of(initializer::glorot_uniform)) {
            damaged(key);
        }
        if (!(c.batch_norm_momentum >= 0 && c.batch_norm_momentum < 1 && c.batch_norm_epsilon >= 0 && c.adam_epsilon >= 0)) damaged(key);
        return c;
    }
    strata::precision precision() const {
        const std::string& name = text("strata.precision");
        for (const auto known : {precision::fp32, precision::tf32, precision::bf16}) {
            if (name == strata::name_of(known)) return known;
        }
        damaged("strata.precision");
    }
    void check_sum() const {
        if (checksum(file_.tensors()) != text("strata.crc32"))
            fail("the model is damaged: its values do not have the checksum that was written with them");
    }

private:
    [[noreturn]] void damaged(const char* key) const {
        fail("the model is damaged: '" + std::string(key) + "' in its metadata cannot be read");
    }
    float real(const json::value& fields, const char* name, const char* key) const {
        const json::value* found = fields.find(name);
        if (found == nullptr || found->kind != json::kind::number || std::abs(found->number) > 1e30) damaged(key);
        return static_cast<float>(found->number);
    }
    bool flag(const json::value& fields, const char* name) const {
        const json::value* found = fields.find(name);
        if (found == nullptr || found->kind != json::kind::boolean) damaged("strata.conventions");
        return found->boolean;
    }

    const safetensors::contents& file_;
    const std::string& path_;
};

// The file holds the program's variables, all of them and nothing else, so that no larger network is made than the file explains.
STRATA_INLINE void check_variables(const description& about, const safetensors::contents& file, const program_view& program) {
    std::size_t count = 0;
    const auto check = [&](const variable& v) {
        const std::string name = variable_name(program, v);
        const safetensors::tensor* found = file.find(name);
        if (found == nullptr) about.fail("the model is damaged: the tensor " + json::quoted(name) + " is missing");
        if (found->type != dtype::f32 || found->shape != dims_of(v))
            about.fail("the model is damaged: the tensor " + json::quoted(name) + " has not the type and shape that its network needs");
        ++count;
    };
    for (const variable& v : program.parameters) check(v);
    for (const variable& v : program.statistics) check(v);
    if (count != file.tensors().size())
        about.fail("the model is damaged: it has " + std::to_string(file.tensors().size()) + " tensors, and its network has " +
                   std::to_string(count));
}

}  // namespace model_file_detail

STRATA_INLINE void save_model(const model& model, const std::string& path, const model_file_info& info) {
    const program_view program = model.program();
    if (!info.class_names.empty() && info.class_names.size() != static_cast<std::size_t>(model.classes()))
        throw invalid_input(path + ": there are " + std::to_string(info.class_names.size()) + " class names, but the network has " +
                            std::to_string(model.classes()) + " classes");
    std::vector<std::vector<float>> values;
    std::vector<safetensors::tensor> tensors;
    values.reserve(program.parameters.size() + program.statistics.size());  // spans look into it
    const auto add = [&](const variable& v) {
        const std::string name = variable_name(program, v);
        values.push_back(model.read(name));
        tensors.push_back({name, dtype::f32, model_file_detail::dims_of(v), std::as_bytes(std::span<const float>(values.back()))});
    };
    for (const variable& v : program.parameters) add(v);
    for (const variable& v : program.statistics) add(v);
    std::sort(tensors.begin(), tensors.end(), [](const safetensors::tensor& a, const safetensors::tensor& b) { return a.name < b.name; });

    const model_options& options = model.options();
    safetensors::text_pairs metadata{
        {"strata.format", "1"},
        {"strata.version", STRATA_VERSION_STRING},
        {"strata.program", program_text(program)},
        {"strata.classes", model_file_detail::text_of(info.class_names)},
        {"strata.preprocessing", "{\"scale\":" + json::number(info.input.scale) + ",\"offset\":" + json::number(info.input.offset) + "}"},
        {"strata.conventions", model_file_detail::text_of(options.conventions)},
        {"strata.precision", name_of(options.precision)},
        {"strata.seed", std::to_string(options.seed)},
        {"strata.steps", std::to_string(model.steps())},
        {"strata.imported_statistics", model_file_detail::text_of(model.imported_statistics())},
        {"strata.crc32", model_file_detail::checksum(tensors)}};
    if (std::string kernels = model.executor().kernel_choices(); !kernels.empty())
        metadata.emplace_back("strata.kernels", std::move(kernels));
    safetensors::write(path, tensors, metadata);
}

STRATA_INLINE loaded_model load_model(const std::string& path, const device& device, const load_options& options) {
    const safetensors::contents file = safetensors::read(path);
    const model_file_detail::description about(file, path);
    about.check_format();
    const program network = parse_program(about.text("strata.program"), path, options.operations);
    const program_view view = network.view();
    model_file_detail::check_variables(about, file, view);
    about.check_sum();
    std::vector<std::string> class_names = about.texts("strata.classes");
    if (!class_names.empty() && class_names.size() != static_cast<std::size_t>(view.output_shape().size()))
        about.fail("the model is damaged: it has " + std::to_string(class_names.size()) + " class names, and its network has " +
                   std::to_string(view.output_shape().size()) + " classes");
    const auto steps = about.integer<std::int64_t>("strata.steps");
    const preprocessing input = about.input();
    model result(view, device,
                 {.conventions = about.conventions(),
                  .precision = options.precision ? *options.precision : about.precision(),
                  .seed = about.integer<std::uint64_t>("strata.seed")});
    // Past the model, which takes a statistic that comes by name for one of another training.
    for (std::size_t i = 0; i < view.parameters.size(); ++i)
        result.executor().write(state::parameter, i, file.floats(variable_name(view, view.parameters[i])));
    for (std::size_t i = 0; i < view.statistics.size(); ++i)
        result.executor().write(state::statistic, i, file.floats(variable_name(view, view.statistics[i])));
    for (const std::string& name : about.imported_statistics()) result.write(name, file.floats(name));
    result.executor().set_steps(steps);
    return {std::move(result), std::move(class_names), input, about.text("strata.version"), about.precision()};
}

}  // namespace strata::inline STRATA_ABI
