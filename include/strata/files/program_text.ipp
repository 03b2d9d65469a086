// SPDX-License-Identifier: MIT
// Bodies of program_text.hpp. The writer reads its own text back and compares, so that what is written means what was given.
#pragma once

#include <strata/files/program_text.hpp>

#include <strata/core/error.hpp>
#include <strata/core/finite.hpp>
#include <strata/files/json.hpp>
#include <strata/layers/avg_pool2d.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/custom.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/global_avg_pool2d.hpp>
#include <strata/layers/leaky_relu.hpp>
#include <strata/layers/max_pool2d.hpp>
#include <strata/layers/relu.hpp>
#include <strata/layers/residual.hpp>
#include <strata/layers/softmax.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI {

namespace program_text_detail {

// No number in a text may be larger: far above what any network has, and products of three stay below 2^63.
inline constexpr int max_number = 1 << 20;
inline constexpr std::size_t max_bytes = 10'000'000, max_layers = 10'000;

constexpr const char* word_of(initial_value initial) {
    switch (initial) {
        case initial_value::weights: return "weights";
        case initial_value::bias: return "bias";
        case initial_value::zeros: return "zeros";
        default: return "ones";
    }
}

STRATA_INLINE std::string text_of(float value) { return value == unset ? "unset" : json::number(value); }

STRATA_INLINE std::string window_text(const operation& op) {
    const auto pair = [](int a, int b) { return std::to_string(a) + "x" + std::to_string(b); };
    return " kernel=" + pair(op.rows.kernel, op.columns.kernel) + " stride=" + pair(op.rows.stride, op.columns.stride) +
           " padding=" + std::to_string(op.rows.before) + "," + std::to_string(op.rows.after) + "," + std::to_string(op.columns.before) +
           "," + std::to_string(op.columns.after);
}

STRATA_INLINE std::string options_text(const program_view& program, const operation& op) {
    const shape out = program.shape_of(op.dst);
    const std::string bias = op.bias >= 0 ? " bias=on" : " bias=off";
    switch (op.kind) {
        case op_kind::convolution: return " filters=" + std::to_string(out.channels) + window_text(op) + bias;
        case op_kind::dense: return " units=" + std::to_string(out.channels) + bias;
        case op_kind::max_pool: return window_text(op);
        case op_kind::avg_pool: {
            const char* kind = program.layers[static_cast<std::size_t>(op.layer)].kind;
            return std::string_view(kind) == "global_avg_pool2d" ? "" : window_text(op);
        }
        case op_kind::batch_norm: return " momentum=" + text_of(op.momentum) + " epsilon=" + text_of(op.epsilon);
        case op_kind::leaky_relu: return " slope=" + json::number(op.rate);
        case op_kind::dropout: return " rate=" + json::number(op.rate);
        case op_kind::custom: {
            const variable none{};
            const variable& weight = op.weight >= 0 ? program.parameters[static_cast<std::size_t>(op.weight)] : none;
            return " operation=" + json::quoted(op.custom->name) + " output=" + std::to_string(out.height) + "x" +
                   std::to_string(out.width) + "x" + std::to_string(out.channels) +
                   " parameter=" + std::to_string(op.weight >= 0 ? weight.size() : 0) + " initial=" + word_of(weight.initial) +
                   " attribute=" + json::number(op.rate);
        }
        default: return "";
    }
}

// One line, taken apart: %4 = add %3 %2 name="..."
struct line_reader {
    std::string_view text;
    const std::string& file;
    int number;

    [[noreturn]] void fail(const std::string& why) const {
        throw invalid_input(file + ": the program's line " + std::to_string(number) + ": " + why);
    }
    bool at_end() const { return text.empty(); }
    bool take(std::string_view word) {
        if (!text.starts_with(word)) return false;
        text.remove_prefix(word.size());
        return true;
    }
    void expect(std::string_view word) {
        if (!take(word)) fail("'" + std::string(word) + "' is expected before '" + std::string(text.substr(0, 20)) + "'");
    }
    std::string word() {
        std::size_t end = 0;
        while (end < text.size() && ((text[end] >= 'a' && text[end] <= 'z') || (text[end] >= '0' && text[end] <= '9') || text[end] == '_'))
            ++end;
        if (end == 0) fail("a word is expected before '" + std::string(text.substr(0, 20)) + "'");
        const std::string result(text.substr(0, end));
        text.remove_prefix(end);
        return result;
    }
    // Numbers and words, each after what announces it: " units=10".
    int count(std::string_view before, int limit = max_number) {
        expect(before);
        int value = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (problem != std::errc{} || value < 0 || value > limit) fail("a number from 0 to " + std::to_string(limit) + " is expected");
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        return value;
    }
    float real(std::string_view before) {
        expect(before);
        if (take("unset")) return unset;
        float value = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (problem != std::errc{} || !is_finite(value)) fail("a number is expected");
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        return value;
    }
    bool on_or_off(std::string_view before) {
        expect(before);
        if (take("on")) return true;
        expect("off");
        return false;
    }
    std::string quoted() {  // a JSON string without control characters, so a name cannot break a line
        std::size_t end = 1;
        while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
        if (text.empty() || text[0] != '"' || end >= text.size()) fail("a text in quotes is expected");
        const json::value value = json::parse(text.substr(0, end + 1), file + ": the program's line " + std::to_string(number));
        if (value.string.find('\0') != std::string::npos) fail("a name with a zero byte");
        text.remove_prefix(end + 1);
        return value.string;
    }
};

class reader {
public:
    reader(std::string_view text, const std::string& file, std::span<const custom_operation* const> operations)
        : text_(text), file_(file), operations_(operations) {}

    program whole() {
        if (text_.size() > max_bytes) throw invalid_input(file_ + ": the program's text is longer than 10 MB");
        line_reader first = next_line();
        if (first.text != "strata program 1") first.fail("'strata program 1' is expected; this may be from a newer version of strata");
        line_reader in = next_line();
        shape input;
        input.height = in.count("input ");
        input.width = in.count(" ");
        input.channels = in.count(" ");
        if (!in.at_end()) in.fail("there is more text than an input's three numbers");
        if (input.size() < 1 || input.size() > INT32_MAX) in.fail("the input has no values, or more than 2^31");
        program_ = program(input);
        tensors_.push_back(program_.input());
        for (;;) {
            line_reader line = next_line();
            if (line.take("output ")) {
                const tensor last = operand(line);
                if (!line.at_end() || !text_.empty()) line.fail("there is text after the output");
                if (tensors_.size() < 2) line.fail("there is no layer");
                program_.set_output(last);
                return std::move(program_);
            }
            if (tensors_.size() > max_layers) line.fail("there are more than " + std::to_string(max_layers) + " layers");
            layer(line);
        }
    }

private:
    line_reader next_line() {
        ++number_;
        if (text_.empty()) line_reader{"", file_, number_}.fail("the text ends without an output");
        const std::size_t end = std::min(text_.find('\n'), text_.size());
        const line_reader line{text_.substr(0, end), file_, number_};
        text_.remove_prefix(std::min(end + 1, text_.size()));
        return line;
    }

    tensor operand(line_reader& line) const {
        const auto id = static_cast<std::size_t>(line.count("%"));
        if (id >= tensors_.size()) line.fail("%" + std::to_string(id) + " is not made before it is read");
        return tensors_[id];
    }

    void layer(line_reader& line) {
        line.expect("%" + std::to_string(tensors_.size()) + " = ");
        const std::string kind = line.word();
        line.expect(" ");
        const tensor x = operand(line);
        // The name stands last, and the builder wants it first.
        if (const std::size_t at = line.text.rfind(" name=\""); at != std::string_view::npos) {
            line_reader name{line.text.substr(at + 6), file_, number_};
            program_.name_next(program_.keep(name.quoted()));
            if (!name.at_end()) name.fail("there is text after the name");
            line.text = line.text.substr(0, at);
        }
        const tensor y = build_layer(line, kind, x);
        if (!line.at_end()) line.fail("'" + std::string(line.text.substr(0, 40)) + "' is not an option of " + kind);
        if (!y.valid()) {
            try {
                program_.check();
            } catch (const invalid_input& e) { line.fail(e.what()); }
        }
        tensors_.push_back(y);
    }

    tensor build_layer(line_reader& line, const std::string& kind, tensor x) {
        program& p = program_;
        if (kind == "conv2d") return build_conv2d(line, x);
        if (kind == "dense") return build_dense(line, x);
        if (kind == "batch_norm") return build_batch_norm(line, x);
        if (kind == "custom") return build_custom(line, x);
        if (kind == "max_pool2d") return build::max_pool2d(p, x, read_window(line));
        if (kind == "avg_pool2d") return build::avg_pool2d(p, x, read_window(line));
        if (kind == "global_avg_pool2d") return build::global_avg_pool2d(p, x);
        if (kind == "relu") return build::relu(p, x);
        if (kind == "flatten") return build::flatten(p, x);
        if (kind == "softmax") return build::softmax(p, x);
        if (kind == "leaky_relu") return build::leaky_relu(p, x, line.real(" slope="));
        if (kind == "dropout") return build::dropout(p, x, line.real(" rate="));
        if (kind == "add") {
            line.expect(" ");
            return build::add(p, x, operand(line));
        }
        line.fail("'" + kind + "' is not a layer that strata knows");
    }

    tensor build_conv2d(line_reader& line, tensor x) {
        const int filters = line.count(" filters=");
        const window win = read_window(line);
        check_fan(line, win, program_.of(x).channels);
        check_fan(line, win, filters);
        return build::conv2d(program_, x, {.filters = filters, .win = win, .use_bias = line.on_or_off(" bias=")});
    }

    tensor build_dense(line_reader& line, tensor x) {
        const int units = line.count(" units=");
        return build::dense(program_, x, {.units = units, .use_bias = line.on_or_off(" bias=")});
    }

    tensor build_batch_norm(line_reader& line, tensor x) {
        const float momentum = line.real(" momentum="), epsilon = line.real(" epsilon=");
        if (epsilon != unset && epsilon < 0) line.fail("the epsilon is negative");
        return build::batch_norm(program_, x, {.momentum = momentum, .epsilon = epsilon});
    }

    tensor build_custom(line_reader& line, tensor x) {
        line.expect(" operation=");
        const std::string name = line.quoted();
        const auto known = std::find_if(operations_.begin(), operations_.end(),
                                        [&](const custom_operation* operation) { return operation->name == name; });
        if (known == operations_.end())
            line.fail("the network uses the custom operation " + json::quoted(name) + ", which is not built in: give it when loading");
        build::custom_options options{.operation = *known};
        options.output.height = line.count(" output=");
        options.output.width = line.count("x");
        options.output.channels = line.count("x", INT32_MAX);
        options.parameter_size = line.count(" parameter=", INT32_MAX);
        line.expect(" initial=");
        const std::string initial = line.word();
        bool found = false;
        for (const initial_value value : {initial_value::weights, initial_value::bias, initial_value::zeros, initial_value::ones}) {
            if (initial != word_of(value)) continue;
            options.initial = value;
            found = true;
        }
        if (!found) line.fail("'" + initial + "' is not an initial value");
        options.attribute = line.real(" attribute=");
        return build::custom(program_, x, options);
    }

    window read_window(line_reader& line) const {
        window win;
        win.height = line.count(" kernel=");
        win.width = line.count("x");
        win.stride_height = line.count(" stride=");
        win.stride_width = line.count("x");
        win.top = line.count(" padding=");
        win.bottom = line.count(",");
        win.left = line.count(",");
        win.right = line.count(",");
        return win;
    }

    // The weights of one filter are counted in an int.
    static void check_fan(const line_reader& line, const window& win, int channels) {
        if (std::int64_t{win.height} * win.width > INT32_MAX / std::max(channels, 1)) line.fail("a filter has more than 2^31 weights");
    }

    std::string_view text_;
    const std::string& file_;
    std::span<const custom_operation* const> operations_;
    program program_;
    std::vector<tensor> tensors_;
    int number_ = 0;
};

constexpr bool same_operation(const operation& a, const operation& b) {
    return a.kind == b.kind && a.src[0] == b.src[0] && a.src[1] == b.src[1] && a.dst == b.dst && a.weight == b.weight && a.bias == b.bias &&
           a.mean == b.mean && a.variance == b.variance && a.rows == b.rows && a.columns == b.columns && a.rate == b.rate &&
           a.epsilon == b.epsilon && a.momentum == b.momentum && a.activated == b.activated && a.custom == b.custom && a.layer == b.layer;
}

STRATA_INLINE bool same_program(const program_view& a, const program_view& b) {
    if (a.output != b.output || !std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end())) return false;
    if (!std::equal(a.operations.begin(), a.operations.end(), b.operations.begin(), b.operations.end(), same_operation)) return false;
    const auto same_variable = [](const variable& v, const variable& w) {
        return std::string_view(v.role) == w.role && v.layer == w.layer && v.rank == w.rank && std::equal(v.dims, v.dims + 4, w.dims) &&
               v.initial == w.initial;
    };
    if (!std::equal(a.parameters.begin(), a.parameters.end(), b.parameters.begin(), b.parameters.end(), same_variable)) return false;
    if (!std::equal(a.statistics.begin(), a.statistics.end(), b.statistics.begin(), b.statistics.end(), same_variable)) return false;
    return std::equal(a.layers.begin(), a.layers.end(), b.layers.begin(), b.layers.end(), [](const layer_record& x, const layer_record& y) {
        return std::string_view(x.kind) == y.kind && std::string_view(x.name) == y.name && x.dst == y.dst;
    });
}

}  // namespace program_text_detail

STRATA_INLINE std::string program_text(const program_view& program) {
    const shape in = program.input_shape();
    std::string text =
        "strata program 1\ninput " + std::to_string(in.height) + " " + std::to_string(in.width) + " " + std::to_string(in.channels) + "\n";
    std::vector<const custom_operation*> operations;
    for (const operation& op : program.operations) {
        const layer_record& layer = program.layers[static_cast<std::size_t>(op.layer)];
        if (op.custom != nullptr) operations.push_back(op.custom);
        text +=
            "%" + std::to_string(op.dst) + " = " + (op.kind == op_kind::custom ? "custom" : layer.kind) + " %" + std::to_string(op.src[0]);
        if (op.src[1] >= 0) text += " %" + std::to_string(op.src[1]);
        text += program_text_detail::options_text(program, op);
        if (layer.name[0] != '\0') text += " name=" + json::quoted(layer.name);
        text += '\n';
    }
    text += "output %" + std::to_string(program.output) + "\n";
    const std::string cannot = "network: it cannot be written as text: ";
    bool same = false;
    try {
        same = program_text_detail::same_program(program, parse_program(text, "its own text", operations).view());
    } catch (const invalid_input& e) { throw invalid_input(cannot + e.what()); }
    if (!same) throw invalid_input(cannot + "give it as the user wrote it, not fused, and with one operation in each layer");
    return text;
}

STRATA_INLINE program parse_program(std::string_view text, const std::string& name, std::span<const custom_operation* const> operations) {
    return program_text_detail::reader(text, name, operations).whole();
}

}  // namespace strata::inline STRATA_ABI
