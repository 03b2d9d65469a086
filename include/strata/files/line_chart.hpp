// SPDX-License-Identifier: MIT
// A line chart as SVG text: axes with round ticks, a grid, a legend, a marker with a tooltip at every value. Colours come from CSS
// variables (--chart-1, --chart-2, --ink, --faint, --grid) so that a page decides about light and dark; every second line is dashed,
// so that colour is never alone in telling them apart.
#pragma once

#include <strata/core/config.hpp>

#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {

struct line_chart {
    struct line {
        std::string name{};
        std::vector<double> values{};  // one per epoch; NaN: none, and the line has a gap
    };
    std::string title{};       // for screen readers
    std::string x_name{};
    int first_x = 1;
    bool from_zero = false;    // the y axis begins at 0
    bool percent = false;      // y values are shares
    std::vector<line> lines{};
};

std::string svg(const line_chart& chart);

// About `count` round values (1, 2 or 5 times a power of ten apart) that enclose [low, high].
std::vector<double> round_ticks(double low, double high, int count);

// Text as HTML and SVG take it: markup escaped, control characters left out, what is not UTF-8 as U+FFFD.
std::string html_text(const std::string& text);

namespace line_chart_detail {
std::string fixed(double value, int digits);  // with so many digits behind the point
}  // namespace line_chart_detail

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/files/line_chart.ipp>
#endif
