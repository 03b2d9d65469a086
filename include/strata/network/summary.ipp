// SPDX-License-Identifier: MIT
// Bodies of summary.hpp: counting, and the table.
#pragma once

#include <strata/network/summary.hpp>

#include <strata/network/builder.hpp>
#include <strata/network/cost.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace summary_detail {

STRATA_INLINE std::string grouped(std::int64_t value) {
    std::string text = std::to_string(value);
    for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
    return text;
}

// A flat shape has one number.
STRATA_INLINE std::string short_text_of(const shape& s) { return s.is_flat() ? "(" + std::to_string(s.channels) + ")" : text_of(s); }

using row = std::array<std::string, 5>;

// The first two columns begin at the left, the numbers end at the right.
STRATA_INLINE void append(std::string& text, const row& cells, const std::array<std::size_t, 5>& widths) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string space(widths[i] - cells[i].size(), ' ');
        line += i < 2 ? cells[i] + space : space + cells[i];
        line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
}

}  // namespace summary_detail

STRATA_INLINE network_summary summary(const program_view& program) {
    network_summary result;
    result.input = program.input_shape();
    for (std::size_t i = 0; i < program.layers.size(); ++i) {
        const layer_record& record = program.layers[i];
        layer_summary layer;
        layer.name = layer_name(program, static_cast<int>(i));
        layer.kind = record.kind;
        if (record.dst >= 0) layer.output = program.shape_of(record.dst);
        result.layers.push_back(layer);
    }
    const auto at = [&](int layer) -> layer_summary& { return result.layers[static_cast<std::size_t>(layer)]; };
    for (const variable& v : program.parameters) at(v.layer).parameters += v.size();
    for (const variable& v : program.statistics) at(v.layer).statistics += v.size();
    for (const operation& op : program.operations) {
        at(op.layer).multiply_adds += multiply_adds(program, op);
        at(op.layer).bytes += bytes_moved(program, op);
    }
    for (const layer_summary& layer : result.layers) {
        result.parameters += layer.parameters;
        result.statistics += layer.statistics;
        result.multiply_adds += layer.multiply_adds;
        result.bytes += layer.bytes;
    }
    return result;
}

STRATA_INLINE std::string network_summary::text() const {
    using summary_detail::grouped;
    std::vector<summary_detail::row> rows{{"layer", "output", "parameters", "multiply-adds", "bytes"}};
    rows.push_back({"input", summary_detail::short_text_of(input), "", "", ""});
    for (const layer_summary& layer : layers)
        rows.push_back({layer.name, summary_detail::short_text_of(layer.output), grouped(layer.parameters + layer.statistics),
                        grouped(layer.multiply_adds), grouped(layer.bytes)});
    rows.push_back({"total", "", grouped(parameters + statistics), grouped(multiply_adds), grouped(bytes)});
    std::array<std::size_t, 5> widths{};
    for (const auto& cells : rows)
        for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());

    std::size_t length = 2 * (widths.size() - 1);
    for (const std::size_t width : widths) length += width;
    const std::string rule = std::string(length, '-') + '\n';
    std::string text;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i == 1 || i + 1 == rows.size()) text += rule;
        summary_detail::append(text, rows[i], widths);
    }
    text += "trained parameters " + grouped(parameters) + ", statistics " + grouped(statistics) +
            "; multiply-adds and bytes of activations are per picture, forward\n";
    return text;
}

}  // namespace strata::inline STRATA_ABI
