// SPDX-License-Identifier: MIT
// Bodies of tuning_file.hpp. Everything in the file is checked before it is believed: kinds, ranges, unknown keys, the checksum.
#pragma once

#include <strata/files/tuning_file.hpp>

#include <strata/core/error.hpp>
#include <strata/disk/atomic_file.hpp>
#include <strata/disk/read_file.hpp>
#include <strata/files/crc32.hpp>
#include <strata/files/json.hpp>
#include <strata/files/safetensors.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI {

namespace tuning_file_detail {

inline constexpr const char* format = "strata tuning 1";
inline constexpr std::int64_t longest = 4'000'000;  // bytes
inline constexpr std::size_t most_cases = 10'000;

// All but the closing checksum.
STRATA_INLINE std::string measured_text(const cpu::tuning& measured) {
    const cpu::machine& m = measured.measured_on;
    std::string text = "{\n  \"format\": " + json::quoted(format) + ",\n  \"strata\": " + json::quoted(m.strata) +
                       ",\n  \"processor\": " + json::quoted(m.processor) + ",\n  \"instruction_set\": " + json::quoted(m.instruction_set) +
                       ",\n  \"vectors\": " + json::quoted(name_of(m.width)) + ",\n  \"threads\": " + std::to_string(m.threads) +
                       ",\n  \"onednn\": " + json::quoted(m.onednn) + ",\n  \"convolutions\": [";
    for (std::size_t i = 0; i < measured.cases.size(); ++i) {
        const cpu::tuning::tuned_case& c = measured.cases[i];
        std::string entry = cpu::json_of(c.which, c.way), times;
        entry.pop_back();  // the closing brace
        for (const cpu::tuning::time& t : c.times)
            times += (times.empty() ? "" : ", ") + json::quoted(std::to_string(t.way.tile)) + ": " + json::number(t.milliseconds);
        text += (i == 0 ? "\n    " : ",\n    ") + entry + ", \"milliseconds\": {" + times + "}}";
    }
    return text + "\n  ]";
}

STRATA_INLINE std::string checksum(const std::string& text) {
    crc32 sum;
    sum.add(std::as_bytes(std::span(text.data(), text.size())));
    char digits[8];
    return {digits, std::to_chars(digits, digits + 8, sum.value(), 16).ptr};
}

// One object of the file, read with sentences.
class reader {
public:
    reader(const json::value& object, std::string name) : object_(object), name_(std::move(name)) {
        if (object.kind != json::kind::object) fail("it is no JSON object");
    }

    [[noreturn]] void fail(const std::string& why) const { throw invalid_input(name_ + ": " + why); }
    [[noreturn]] void damaged(std::string_view key) const { fail("it is damaged: '" + std::string(key) + "' cannot be read"); }

    void know(std::initializer_list<std::string_view> keys) const {
        for (const std::string& key : object_.keys)
            if (std::find(keys.begin(), keys.end(), key) == keys.end()) fail("the key " + json::quoted(key) + " is unknown");
    }
    const json::value& get(std::string_view key, json::kind kind) const {
        const json::value* found = object_.find(key);
        if (found == nullptr || found->kind != kind) damaged(key);
        return *found;
    }
    std::string text(std::string_view key) const {
        const std::string& found = get(key, json::kind::string).string;
        if (found.empty() || found.size() > 200) damaged(key);
        return found;
    }
    int integer(std::string_view key, int least, int most) const { return integer(get(key, json::kind::number), key, least, most); }
    // `count` whole numbers.
    std::vector<int> integers(std::string_view key, std::size_t count, int least, int most) const {
        const json::value& list = get(key, json::kind::array);
        if (list.items.size() != count) damaged(key);
        std::vector<int> result;
        for (const json::value& item : list.items) result.push_back(integer(item, key, least, most));
        return result;
    }

    cpu::convolution_choices::entry choice() const {
        cpu::convolution_choices::entry e;
        const auto pass = cpu::convolution_pass_named(text("pass"));
        const auto width = cpu::vector_width_named(text("vectors"));
        if (!pass) damaged("pass");
        if (!width) damaged("vectors");
        const std::vector<int> in = integers("in", 3, 1, 1 << 20), kernel = integers("kernel", 2, 1, 1 << 12);
        const std::vector<int> stride = integers("stride", 2, 1, 1 << 12), padding = integers("padding", 4, 0, 1 << 12);
        e.which = {.pass = *pass,
                   .batch = integer("batch", 1, 1 << 24),
                   .in = {in[0], in[1], in[2]},
                   .filters = integer("filters", 1, 1 << 20),
                   .rows = {kernel[0], stride[0], padding[0], padding[1]},
                   .columns = {kernel[1], stride[1], padding[2], padding[3]},
                   .threads = integer("threads", 1, 4096),
                   .width = *width};
        e.way = {integer("tile", 0, 64)};
        if (!e.which.rows.fits(in[0]) || !e.which.columns.fits(in[1])) fail("it is damaged: the kernel does not fit the picture");
        if (!cpu::fits(e.which, e.way)) fail("there is no tile " + std::to_string(e.way.tile) + " for such a convolution");
        return e;
    }
    std::vector<cpu::tuning::time> times() const {
        const json::value& list = get("milliseconds", json::kind::object);
        std::vector<cpu::tuning::time> result;
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            const std::string& key = list.keys[i];
            int tile = -1;
            const auto [end, problem] = std::from_chars(key.data(), key.data() + key.size(), tile);
            const json::value& item = list.items[i];
            if (problem != std::errc{} || end != key.data() + key.size() || tile < 0 || item.kind != json::kind::number ||
                !(item.number >= 0 && item.number <= 1e9))
                damaged("milliseconds");
            result.push_back({{tile}, item.number});
        }
        return result;
    }

private:
    int integer(const json::value& number, std::string_view key, int least, int most) const {
        if (number.kind != json::kind::number || !number.is_integer || number.integer < least || number.integer > most) damaged(key);
        return static_cast<int>(number.integer);
    }

    const json::value& object_;
    std::string name_;
};

}  // namespace tuning_file_detail

STRATA_INLINE std::string tuning_text(const cpu::tuning& measured) {
    const std::string text = tuning_file_detail::measured_text(measured);
    return text + ",\n  \"crc32\": " + json::quoted(tuning_file_detail::checksum(text)) + "\n}\n";
}

STRATA_INLINE void save_tuning(const cpu::tuning& measured, const std::string& path) { write_file(path, tuning_text(measured)); }

STRATA_INLINE cpu::tuning parse_tuning(std::string_view text, const std::string& name) {
    const json::value page = json::parse(text, name, {.bytes = tuning_file_detail::longest, .depth = 6, .values = 500'000});
    const json::value* format = page.kind == json::kind::object ? page.find("format") : nullptr;
    if (format == nullptr || format->kind != json::kind::string || !format->string.starts_with("strata tuning "))
        throw invalid_input(name + ": this is JSON, but no tuning file; give one that train_cifar10 --tune or save_tuning wrote");
    if (format->string != tuning_file_detail::format)
        throw invalid_input(name + ": its format is " + json::quoted(format->string) +
                            ", and this strata (" STRATA_VERSION_STRING ") reads \"strata tuning 1\"; measure again");
    const tuning_file_detail::reader file(page, name);
    file.know({"format", "strata", "processor", "instruction_set", "vectors", "threads", "onednn", "convolutions", "crc32"});
    cpu::tuning result;
    const auto width = cpu::vector_width_named(file.text("vectors"));
    if (!width) file.damaged("vectors");
    result.measured_on = {.processor = file.text("processor"),
                          .instruction_set = file.text("instruction_set"),
                          .onednn = file.text("onednn"),
                          .strata = file.text("strata"),
                          .width = *width,
                          .threads = file.integer("threads", 1, 4096)};
    const json::value& list = file.get("convolutions", json::kind::array);
    if (list.items.size() > tuning_file_detail::most_cases) file.damaged("convolutions");
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        const tuning_file_detail::reader entry(list.items[i], name + ": convolution " + std::to_string(i + 1));
        entry.know({"pass", "batch", "in", "filters", "kernel", "stride", "padding", "threads", "vectors", "tile", "milliseconds"});
        const cpu::convolution_choices::entry choice = entry.choice();
        if (choice.which.threads != result.measured_on.threads) entry.damaged("threads");
        if (choice.which.width != result.measured_on.width) entry.damaged("vectors");
        result.cases.push_back({choice.which, choice.way, entry.times()});
    }
    if (file.text("crc32") != tuning_file_detail::checksum(tuning_file_detail::measured_text(result)))
        file.fail("it is damaged: what it says does not have the checksum that was written with it; measure again");
    return result;
}

STRATA_INLINE cpu::tuning load_tuning(const std::string& path) { return parse_tuning(read_text(path, tuning_file_detail::longest), path); }

STRATA_INLINE std::vector<cpu::convolution_choices::entry> parse_convolutions(std::string_view text, const std::string& name) {
    const json::value list = json::parse(text, name, {.bytes = tuning_file_detail::longest, .depth = 6, .values = 500'000});
    if (list.kind != json::kind::array || list.items.size() > tuning_file_detail::most_cases)
        throw invalid_input(name + ": the choices of kernels are damaged");
    std::vector<cpu::convolution_choices::entry> result;
    for (const json::value& item : list.items) {
        const tuning_file_detail::reader entry(item, name);
        entry.know({"pass", "batch", "in", "filters", "kernel", "stride", "padding", "threads", "vectors", "tile"});
        result.push_back(entry.choice());
    }
    return result;
}

STRATA_INLINE std::vector<cpu::convolution_choices::entry> stored_convolutions(const std::string& model_path) {
    const safetensors::contents file = safetensors::read(model_path);
    const std::string* text = file.find_metadata("strata.kernels");
    if (text == nullptr) return {};
    return parse_convolutions(*text, model_path + ": strata.kernels");
}

}  // namespace strata::inline STRATA_ABI
