// SPDX-License-Identifier: MIT
// The report: it holds what it was given, leaves out what it was not, needs nothing from elsewhere, and escapes everything.
#include <strata/files/report.hpp>

#include <strata/core/error.hpp>
#include <strata/models/alexnet_cifar.hpp>

#include <doctest/doctest.h>

#include <support/scratch_folder.hpp>

#include <algorithm>
#include <string_view>

namespace {

strata::report full() {
    strata::report r{.title = "AlexNet", .subtitle = "the sample", .class_names = {"cat", "dog"}};
    for (int i = 0; i < 3; ++i)
        r.history.epochs.push_back({.epoch = i,
                                    .loss = 2.0 - i * 0.25,
                                    .accuracy = 0.25 + 0.125 * i,
                                    .has_validation = true,
                                    .val_loss = 2,
                                    .val_accuracy = i == 1 ? 0.5 : 0.375,
                                    .seconds = 61});
    r.test = strata::evaluation{.loss = 1.25, .accuracy = 0.4321, .rows = 1000};
    r.confusion.emplace(2);
    for (int i = 0; i < 7; ++i) r.confusion->add(0, i < 3 ? 0 : 1);
    r.confusion->add(1, 1);
    r.notes = {"read this with care"};
    r.settings = {{"batch size", "32"}};
    r.environment = {{"device", "a cpu"}};
    r.network = strata::summary(strata::view<strata::alexnet_cifar>());
    return r;
}

// Every opened element is closed, in order: enough HTML for a page that we write ourselves.
std::string unbalanced(const std::string& page) {
    std::vector<std::string> open;
    const std::vector<std::string_view> empty{"meta", "!doctype"};
    for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
        const std::size_t end = page.find('>', at);
        if (end == std::string::npos) return "an element does not end";
        const bool closes = page[at + 1] == '/';
        const std::size_t begin = at + (closes ? 2 : 1);
        const std::string name = page.substr(begin, page.find_first_of(" >/", begin) - begin);
        if (closes) {
            if (open.empty() || open.back() != name) return "</" + name + "> closes nothing";
            open.pop_back();
        } else if (page[end - 1] != '/' && std::find(empty.begin(), empty.end(), name) == empty.end()) {
            open.push_back(name);
        }
    }
    return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

}  // namespace

TEST_CASE("the page holds the figures that it was given") {
    const std::string page = strata::report_html(full());
    CHECK(test::has(page, "<strong>43.2&thinsp;%</strong><small>1,000 pictures</small>"));
    CHECK(test::has(page, "<strong>50.0&thinsp;%</strong><small>epoch 2</small>"));  // the best validation accuracy
    CHECK(test::has(page, "<strong>3 min 3 s</strong><small>3 epochs, 1 min 1 s each</small>"));
    CHECK(test::has(page, "6,607,946"));
    CHECK(test::has(page, "cat taken for dog: 4 (57.1 %)"));
    CHECK(test::has(page, "<th scope=\"row\">cat</th><td>7</td><td>1.000</td><td>0.429</td><td>0.600</td>"));
    CHECK(test::has(page, "<li>read this with care</li>"));
    CHECK(test::has(page, "<dt>batch size</dt><dd>32</dd>"));
    CHECK(test::has(page, "training, epoch 3: 50.0 %"));
    CHECK(test::has(page, "conv2d_4"));
}

TEST_CASE("a line never breaks inside an option") {
    strata::report r = full();
    r.notes = {"lower it (--momentum 0.9) & go on"};
    r.settings = {{"command", "train --out a<b"}};
    const std::string page = strata::report_html(r);
    CHECK(test::has(page, "<li>lower it <span class=\"option\">(--momentum</span> 0.9) &amp; go on</li>"));
    CHECK(test::has(page, "<dd>train <span class=\"option\">--out</span> a&lt;b</dd>"));
    CHECK(test::has(page, ".option{white-space:nowrap}"));
}

TEST_CASE("the page is whole by itself: no script, nothing from the network") {
    const std::string page = strata::report_html(full());
    CHECK(unbalanced(page).empty());
    for (const char* word : {"<script", "src=", "href=", "url(", "@import", "<link", "<iframe", "<img"}) {
        CAPTURE(word);
        CHECK_FALSE(test::has(page, word));
    }
    // The only address is the name of SVG's language, which nobody fetches.
    std::string rest = page;
    for (std::size_t at = rest.find("http://www.w3.org/2000/svg"); at != std::string::npos; at = rest.find("http://www.w3.org/2000/svg"))
        rest.erase(at, 26);
    CHECK_FALSE(test::has(rest, "http"));
}

TEST_CASE("what is not given is left out, and the page stays whole") {
    const std::string page = strata::report_html({.title = "empty"});
    CHECK(unbalanced(page).empty());
    CHECK_FALSE(test::has(page, "<section"));
    CHECK_FALSE(test::has(page, "class=\"tiles\""));
    strata::report r = full();
    for (auto& e : r.history.epochs) e.has_validation = false;
    CHECK_FALSE(test::has(strata::report_html(r), "validation, epoch"));
    r.confusion.emplace(31);
    CHECK_FALSE(test::has(strata::report_html(r), "Confusion matrix"));  // too large to read; the scores stay
    CHECK(test::has(strata::report_html(r), "Scores of each class"));
    CHECK(test::has(strata::report_html(r), "class 30"));
}

TEST_CASE("nothing that comes from outside becomes markup") {
    strata::report r = full();
    const std::string evil = "<script>alert('x')</script>";
    r.title = r.subtitle = evil;
    r.class_names = {evil, "\"><img src=x>"};
    r.notes = {evil};
    r.settings = r.environment = {{evil, evil}};
    const std::string page = strata::report_html(r);
    CHECK_FALSE(test::has(page, "<script"));
    CHECK_FALSE(test::has(page, "<img"));
    CHECK(unbalanced(page).empty());
}

TEST_CASE("the report is written as a file") {
    const test::scratch_folder folder;
    strata::save_report(full(), folder / "report.html");
    CHECK(test::text_of(folder / "report.html") == strata::report_html(full()));
    CHECK_THROWS_AS(strata::save_report(full(), folder / "none/report.html"), strata::io_error);
}
