// SPDX-License-Identifier: MIT
// Bodies of line_chart.hpp.
#pragma once

#include <strata/files/line_chart.hpp>

#include <strata/core/finite.hpp>
#include <strata/files/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace strata::inline STRATA_ABI {

namespace line_chart_detail {

inline constexpr double width = 640, height = 340, left = 64, right = 18, top = 36, bottom = 52;

STRATA_INLINE std::string fixed(double value, int digits) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}
STRATA_INLINE std::string at(double value) { return fixed(value, 1); }

// Digits behind the point that tell ticks apart which are `step` from each other.
STRATA_INLINE int digits_for(double step) {
    return std::clamp(static_cast<int>(std::ceil(-std::log10(std::max(step, 1e-9)) - 1e-9)), 0, 6);
}

struct axes {
    double low = 0, high = 1, first = 1, last = 1;

    double x(double value) const {
        if (last <= first) return left + (width - left - right) / 2;
        return left + (value - first) / (last - first) * (width - left - right);
    }
    double y(double value) const { return top + (high - value) / (high - low) * (height - top - bottom); }
};

STRATA_INLINE std::string value_text(const line_chart& chart, double value) {
    return chart.percent ? fixed(100 * value, 1) + " %" : fixed(value, 3);
}

STRATA_INLINE std::string grid(const line_chart& chart, const axes& a, const std::vector<double>& y_ticks, std::size_t count) {
    std::string text = "<g class=\"grid\">";
    const double step = y_ticks.size() > 1 ? y_ticks[1] - y_ticks[0] : 1;
    for (const double tick : y_ticks) text += "<path d=\"M" + at(left) + " " + at(a.y(tick)) + "H" + at(width - right) + "\"/>";
    text += "</g><g class=\"ticks\">";
    for (const double tick : y_ticks) {
        const std::string label = chart.percent ? fixed(100 * tick, digits_for(100 * step)) + " %" : fixed(tick, digits_for(step));
        text += "<text x=\"" + at(left - 8) + "\" y=\"" + at(a.y(tick) + 4) + "\" text-anchor=\"end\">" + label + "</text>";
    }
    const int every = std::max(1, static_cast<int>(std::ceil(static_cast<double>(count) / 15)));
    for (std::size_t i = 0; i < count; i += static_cast<std::size_t>(every)) {
        const int x = chart.first_x + static_cast<int>(i);
        text +=
            "<text x=\"" + at(a.x(x)) + "\" y=\"" + at(height - bottom + 21) + "\" text-anchor=\"middle\">" + std::to_string(x) + "</text>";
    }
    text += "<text x=\"" + at(left + (width - left - right) / 2) + "\" y=\"" + at(height - 6) + "\" text-anchor=\"middle\">" +
            html_text(chart.x_name) + "</text></g>";
    return text + "<path class=\"axis\" d=\"M" + at(left) + " " + at(height - bottom) + "H" + at(width - right) + "\"/>";
}

STRATA_INLINE std::string curve(const line_chart& chart, const axes& a, std::size_t index) {
    const line_chart::line& line = chart.lines[index];
    std::string path, marks;
    bool pen_down = false;
    for (std::size_t i = 0; i < line.values.size(); ++i) {
        if (!is_finite(line.values[i])) {
            pen_down = false;
            continue;
        }
        const int epoch = chart.first_x + static_cast<int>(i);
        const std::string x = at(a.x(epoch)), y = at(a.y(line.values[i]));
        path += (pen_down ? "L" : "M") + x + " " + y;
        pen_down = true;
        marks += "<circle cx=\"" + x + "\" cy=\"" + y + "\" r=\"" + (line.values.size() > 60 ? "1.5" : "3.2") + "\"><title>" +
                 html_text(line.name + ", " + chart.x_name + " " + std::to_string(epoch) + ": " + value_text(chart, line.values[i])) +
                 "</title></circle>";
    }
    const std::string number = std::to_string(index % 2 + 1);
    return "<g class=\"line line-" + number + "\"><path d=\"" + path + "\"/>" + marks + "</g>";
}

STRATA_INLINE std::string legend(const line_chart& chart) {
    std::string text;
    double x = left;
    for (std::size_t i = 0; i < chart.lines.size(); ++i) {
        const std::string number = std::to_string(i % 2 + 1);
        text += "<g class=\"line line-" + number + "\"><path d=\"M" + at(x) + " 14h26\"/><circle cx=\"" + at(x + 13) +
                "\" cy=\"14\" r=\"3.2\"/></g><text class=\"legend\" x=\"" + at(x + 33) + "\" y=\"18\">" + html_text(chart.lines[i].name) +
                "</text>";
        x += 60 + 9 * static_cast<double>(chart.lines[i].name.size());
    }
    return text;
}

}  // namespace line_chart_detail

STRATA_INLINE std::vector<double> round_ticks(double low, double high, int count) {
    if (!is_finite(low) || !is_finite(high)) return {0, 1};
    if (high <= low) {
        const double half = low == 0 ? 0.5 : std::abs(low) * 0.1;
        low -= half;
        high += half;
    }
    const double rough = (high - low) / std::max(count, 1);
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double ratio = rough / power;
    const double step = power * (ratio <= 1.0 ? 1 : ratio <= 2.0 ? 2 : ratio <= 5.0 ? 5 : 10);
    const double begin = std::floor(low / step + 1e-9), end = std::ceil(high / step - 1e-9);
    std::vector<double> ticks;
    for (double i = begin; i <= end && ticks.size() < 100; ++i) ticks.push_back(i * step);
    return ticks;
}

STRATA_INLINE std::string html_text(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = json::utf8_length(text, i);
        const char c = text[i];
        if (length == 0) {
            result += "\xEF\xBF\xBD";
        } else if (length > 1) {
            result.append(text, i, length);
        } else if (c == '&') {
            result += "&amp;";
        } else if (c == '<') {
            result += "&lt;";
        } else if (c == '>') {
            result += "&gt;";
        } else if (c == '"') {
            result += "&quot;";
        } else if (c == '\'') {
            result += "&#39;";
        } else if (c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F)) {
            result += c;
        }
        i += std::max<std::size_t>(length, 1);
    }
    return result;
}

STRATA_INLINE std::string svg(const line_chart& chart) {
    using namespace line_chart_detail;
    double low = INFINITY, high = -INFINITY;
    std::size_t count = 0;
    for (const line_chart::line& line : chart.lines) {
        count = std::max(count, line.values.size());
        for (const double value : line.values) {
            if (!is_finite(value)) continue;
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    if (chart.from_zero) low = std::min(low, 0.0);
    const std::vector<double> y_ticks = round_ticks(low, high, 5);
    const axes a{.low = y_ticks.front(),
                 .high = y_ticks.back(),
                 .first = static_cast<double>(chart.first_x),
                 .last = static_cast<double>(chart.first_x) + static_cast<double>(count) - 1};
    std::string text = "<svg class=\"chart\" viewBox=\"0 0 " + fixed(width, 0) + " " + fixed(height, 0) + "\" role=\"img\" aria-label=\"" +
                       html_text(chart.title) + "\" xmlns=\"http://www.w3.org/2000/svg\"><title>" + html_text(chart.title) + "</title>" +
                       grid(chart, a, y_ticks, count);
    for (std::size_t i = chart.lines.size(); i-- > 0;) text += curve(chart, a, i);  // the first on top
    return text + legend(chart) + "</svg>";
}

}  // namespace strata::inline STRATA_ABI
