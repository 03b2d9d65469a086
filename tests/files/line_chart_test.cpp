// SPDX-License-Identifier: MIT
// Charts: round ticks, points where they belong, gaps, and nothing in a name that could become markup.
#include <strata/files/line_chart.hpp>

#include <doctest/doctest.h>

#include <support/scratch_folder.hpp>

#include <cmath>
#include <limits>

namespace {

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
    return found;
}

}  // namespace

TEST_CASE("ticks are round and enclose the values") {
    const auto ticks = strata::round_ticks(0, 0.28, 5);
    CHECK(ticks.front() == 0);
    CHECK(ticks.back() == doctest::Approx(0.3));
    CHECK(ticks[1] == doctest::Approx(0.1));
    for (const auto& [low, high] : {std::pair{1.3, 2.4}, {-5.0, 17.0}, {1e-7, 3e-7}, {1e6, 9e9}, {2.0, 2.0}, {0.0, 0.0}}) {
        CAPTURE(low);
        const auto t = strata::round_ticks(low, high, 5);
        CHECK(t.size() >= 2);
        CHECK(t.size() <= 12);
        CHECK(t.front() <= low);
        CHECK(t.back() >= high * (1 - 1e-9));
    }
    CHECK(strata::round_ticks(INFINITY, -INFINITY, 5).size() == 2);
}

TEST_CASE("a higher value is drawn higher, and the first and last epoch at the edges") {
    const std::string text = strata::svg({.title = "t", .x_name = "epoch", .lines = {{"training", {1, 3}}}});
    CHECK(test::has(text, "<circle cx=\"64.0\" cy=\"288.0\""));  // the lowest value at the bottom left
    CHECK(test::has(text, "<circle cx=\"622.0\" cy=\"36.0\""));  // the highest at the top right
    CHECK(test::has(text, "<path d=\"M64.0 288.0L622.0 36.0\"/>"));
}

TEST_CASE("a missing value leaves a gap") {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    const std::string text = strata::svg({.title = "t", .x_name = "epoch", .lines = {{"validation", {1, none, 2, 3}}}});
    CHECK(count(text, "<title>validation, epoch") == 3);
    CHECK(test::has(text, "M64.0 288.0M"));  // lifted, not drawn through
    CHECK_FALSE(test::has(text, "nan"));
}

TEST_CASE("one epoch, and none, make a chart without strange numbers") {
    for (const std::vector<double>& values : {std::vector<double>{0.5}, std::vector<double>{}}) {
        const std::string text =
            strata::svg({.title = "t", .x_name = "epoch", .from_zero = true, .percent = true, .lines = {{"a", values}}});
        CHECK_FALSE(test::has(text, "nan"));
        CHECK_FALSE(test::has(text, "inf"));
        CHECK(count(text, "</svg>") == 1);
    }
}

TEST_CASE("at most about fifteen epochs have a number below the axis") {
    const std::string text = strata::svg({.title = "t", .x_name = "epoch", .lines = {{"a", std::vector<double>(300, 1.0)}}});
    CHECK(count(text, "text-anchor=\"middle\"") <= 17);
    CHECK(test::has(text, ">281</text>"));
}

TEST_CASE("names are text, never markup") {
    CHECK(strata::html_text("<b a=\"1\" c='2'>&\x01\xFF\xC3\xA9") == "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;\xEF\xBF\xBD\xC3\xA9");
    const std::string text = strata::svg({.title = "<script>", .x_name = "<x>", .lines = {{"<y>", {1, 2}}}});
    CHECK_FALSE(test::has(text, "<script>"));
    CHECK_FALSE(test::has(text, "<x>"));
    CHECK_FALSE(test::has(text, "<y>"));
}
