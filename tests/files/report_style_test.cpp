// SPDX-License-Identifier: MIT
// The report's style: every variable that it or a chart uses is given, for light and for dark.
#include <strata/files/report_style.hpp>

#include <doctest/doctest.h>

#include <support/scratch_folder.hpp>

#include <set>
#include <string>

namespace {

// The names of variables in `text` that follow `before`: "var(--ink)" or "--ink:".
std::set<std::string> names(const std::string& text, const std::string& before, char after) {
    std::set<std::string> found;
    for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
        const std::size_t begin = at + before.size();
        const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-", begin);
        if (end != std::string::npos && text[end] == after) found.insert(text.substr(begin, end - begin));
    }
    return found;
}

}  // namespace

TEST_CASE("every colour that is used is given, in light and in dark") {
    const std::string style = strata::report_style;
    const std::size_t dark = style.find("@media (prefers-color-scheme:dark)");
    REQUIRE(dark != std::string::npos);
    const std::size_t rules = style.find("}}", dark);
    const auto light_given = names(style.substr(0, dark), "--", ':');
    const auto dark_given = names(style.substr(dark, rules - dark), "--", ':');
    CHECK(light_given.size() > 8);
    CHECK(light_given == dark_given);
    for (const std::string& used : names(style, "var(--", ')')) {
        CAPTURE(used);
        CHECK((used == "v" || light_given.contains(used)));  // v: the share that a cell or bar shows, set in the page
    }
}

TEST_CASE("the style needs nothing from elsewhere") {
    for (const char* word : {"url(", "@import", "http", "</"}) CHECK_FALSE(test::has(strata::report_style, word));
}
