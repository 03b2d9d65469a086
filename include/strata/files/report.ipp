// SPDX-License-Identifier: MIT
// Bodies of report.hpp: the page, part by part. The style is in report_style.hpp.
#pragma once

#include <strata/files/report.hpp>

#include <strata/disk/atomic_file.hpp>
#include <strata/files/line_chart.hpp>
#include <strata/files/report_style.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace strata::inline STRATA_ABI {

namespace report_detail {

inline constexpr int largest_matrix = 30;  // classes; more would not be readable

using line_chart_detail::fixed;
using summary_detail::grouped;

STRATA_INLINE std::string percent(double share) { return fixed(100 * share, 1) + "&thinsp;%"; }

STRATA_INLINE std::string duration(double seconds) {
    if (seconds < 10) return fixed(seconds, 1) + " s";
    const auto whole = static_cast<std::int64_t>(std::llround(seconds));
    if (whole < 60) return std::to_string(whole) + " s";
    if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
    return std::to_string(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " min";
}

// Words that hold "--" are options of a command line: a line may not break inside them.
STRATA_INLINE std::string with_options(const std::string& text) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        const std::string word = text.substr(at, end - at);
        const bool is_option = word.find("--") != std::string::npos;
        result += (is_option ? "<span class=\"option\">" : "") + html_text(word) + (is_option ? "</span>" : "");
        if (end < text.size()) result += ' ';
        at = end + 1;
    }
    return result;
}

STRATA_INLINE std::string section(const char* heading, const std::string& body) {
    return std::string("<section><h2>") + heading + "</h2>" + body + "</section>\n";
}

STRATA_INLINE std::string tile(const char* what, const std::string& value, const std::string& detail, const char* kind = "") {
    return std::string("<div class=\"tile ") + kind + "\"><span>" + what + "</span><strong>" + value + "</strong><small>" + detail +
           "</small></div>";
}

STRATA_INLINE std::string tiles(const report& r) {
    std::string text;
    if (r.test) {
        text += tile("Test accuracy", percent(r.test->accuracy), grouped(r.test->rows) + " pictures", "first");
        text += tile("Test loss", fixed(r.test->loss, 3), "cross-entropy");
    }
    const auto& epochs = r.history.epochs;
    const epoch_result* best = nullptr;
    double seconds = 0;
    for (const epoch_result& e : epochs) {
        seconds += e.seconds;
        if (e.has_validation && (best == nullptr || e.val_accuracy > best->val_accuracy)) best = &e;
    }
    if (best != nullptr) text += tile("Best validation", percent(best->val_accuracy), "epoch " + std::to_string(best->epoch + 1));
    if (!epochs.empty()) {
        const auto count = static_cast<double>(epochs.size());
        text +=
            tile("Training time", duration(seconds),
                 std::to_string(epochs.size()) + (epochs.size() == 1 ? " epoch" : " epochs") + ", " + duration(seconds / count) + " each");
    }
    if (r.network)
        text += tile("Parameters", grouped(r.network->parameters), grouped(r.network->multiply_adds) + " multiply-adds a picture");
    return text.empty() ? "" : "<div class=\"tiles\">" + text + "</div>\n";
}

STRATA_INLINE std::string curves(const report& r) {
    if (r.history.epochs.empty()) return "";
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    line_chart accuracy{
        .title = "Accuracy by epoch", .x_name = "epoch", .first_x = r.history.epochs.front().epoch + 1, .from_zero = true, .percent = true};
    line_chart loss{.title = "Loss by epoch", .x_name = "epoch", .first_x = accuracy.first_x};
    line_chart::line columns[4]{{"training"}, {"validation"}, {"training"}, {"validation"}};
    bool validated = false;
    for (const epoch_result& e : r.history.epochs) {
        validated = validated || e.has_validation;
        columns[0].values.push_back(e.accuracy);
        columns[1].values.push_back(e.has_validation ? e.val_accuracy : none);
        columns[2].values.push_back(e.loss);
        columns[3].values.push_back(e.has_validation ? e.val_loss : none);
    }
    accuracy.lines.push_back(columns[0]);
    loss.lines.push_back(columns[2]);
    if (validated) {
        accuracy.lines.push_back(columns[1]);
        loss.lines.push_back(columns[3]);
    }
    return "<div class=\"pair\">" + section("Accuracy", svg(accuracy)) + section("Loss", svg(loss)) + "</div>\n";
}

STRATA_INLINE std::string class_name(const report& r, int index) {
    const auto at = static_cast<std::size_t>(index);
    return html_text(at < r.class_names.size() ? r.class_names[at] : "class " + std::to_string(index));
}

STRATA_INLINE std::string matrix(const report& r) {
    const confusion_matrix& m = *r.confusion;
    if (m.classes() > largest_matrix) return "";
    std::string text =
        "<p class=\"hint\">Rows are what the pictures show, columns what the network took them for.</p>"
        "<div class=\"scroll\"><table class=\"matrix\"><thead><tr><td></td>";
    for (int c = 0; c < m.classes(); ++c) text += "<th scope=\"col\"><span>" + class_name(r, c) + "</span></th>";
    text += "</tr></thead><tbody>";
    for (int label = 0; label < m.classes(); ++label) {
        text += "<tr><th scope=\"row\">" + class_name(r, label) + "</th>";
        const auto all = static_cast<double>(std::max<std::int64_t>(m.labelled(label), 1));
        for (int c = 0; c < m.classes(); ++c) {
            const std::int64_t count = m.count(label, c);
            const double share = static_cast<double>(count) / all;
            const char* kind = share > 0.85 ? "hot" : count == 0 ? "zero" : "";
            text += std::string("<td class=\"") + kind + (c == label ? " right" : "") + "\" style=\"--v:" + fixed(share, 3) +
                    "\" title=\"" + class_name(r, label) + " taken for " + class_name(r, c) + ": " + grouped(count) + " (" +
                    fixed(100 * share, 1) + " %)\">" + grouped(count) + "</td>";
        }
        text += "</tr>";
    }
    return section("Confusion matrix", text + "</tbody></table></div>");
}

STRATA_INLINE std::string scores(const report& r) {
    const confusion_matrix& m = *r.confusion;
    std::string text =
        "<div class=\"scroll\"><table class=\"scores\"><thead><tr><th scope=\"col\">class</th><th scope=\"col\">pictures</th>"
        "<th scope=\"col\">precision</th><th scope=\"col\">recall</th><th scope=\"col\">F1</th><td></td></tr></thead><tbody>";
    double precision = 0, recall = 0, f1 = 0;
    for (int c = 0; c < m.classes(); ++c) {
        text += "<tr><th scope=\"row\">" + class_name(r, c) + "</th><td>" + grouped(m.labelled(c)) + "</td><td>" +
                fixed(m.precision(c), 3) + "</td><td>" + fixed(m.recall(c), 3) + "</td><td>" + fixed(m.f1(c), 3) +
                "</td><td class=\"bar\"><i style=\"--v:" + fixed(m.f1(c), 3) + "\"></i></td></tr>";
        precision += m.precision(c);
        recall += m.recall(c);
        f1 += m.f1(c);
    }
    const double n = m.classes();
    return section("Scores of each class", text + "</tbody><tfoot><tr><th scope=\"row\">mean</th><td>" + grouped(m.rows()) + "</td><td>" +
                                               fixed(precision / n, 3) + "</td><td>" + fixed(recall / n, 3) + "</td><td>" +
                                               fixed(f1 / n, 3) + "</td><td></td></tr></tfoot></table></div>");
}

STRATA_INLINE std::string pairs(const char* heading, const std::vector<std::pair<std::string, std::string>>& rows) {
    if (rows.empty()) return "";
    std::string text = "<dl>";
    for (const auto& [name, value] : rows) text += "<dt>" + html_text(name) + "</dt><dd>" + with_options(value) + "</dd>";
    return section(heading, text + "</dl>");
}

STRATA_INLINE std::string network_section(const network_summary& n) {
    const auto shape_text = [](const shape& s) {
        if (s.is_flat()) return std::to_string(s.channels);
        return std::to_string(s.height) + "&thinsp;&times;&thinsp;" + std::to_string(s.width) + "&thinsp;&times;&thinsp;" +
               std::to_string(s.channels);
    };
    std::string text =
        "<div class=\"scroll\"><table class=\"network\"><thead><tr><th scope=\"col\">layer</th><th scope=\"col\">output</th>"
        "<th scope=\"col\">parameters</th><th scope=\"col\">statistics</th><th scope=\"col\">multiply-adds</th>"
        "<th scope=\"col\">bytes</th></tr></thead><tbody><tr><th scope=\"row\">input</th><td>" +
        shape_text(n.input) + "</td><td></td><td></td><td></td><td></td></tr>";
    const auto cell = [](std::int64_t value) { return "<td>" + (value == 0 ? "" : grouped(value)) + "</td>"; };
    for (const layer_summary& l : n.layers)
        text += "<tr><th scope=\"row\">" + html_text(l.name) + "</th><td>" + shape_text(l.output) + "</td>" + cell(l.parameters) +
                cell(l.statistics) + cell(l.multiply_adds) + cell(l.bytes) + "</tr>";
    text += "</tbody><tfoot><tr><th scope=\"row\">total</th><td></td>" + cell(n.parameters) + cell(n.statistics) + cell(n.multiply_adds) +
            cell(n.bytes) +
            "</tr></tfoot></table></div><p class=\"hint\">Multiply-adds and bytes of activations are those of one picture, "
            "forward.</p>";
    return section("Network", text);
}

STRATA_INLINE std::string notes(const report& r) {
    if (r.notes.empty()) return "";
    std::string text = "<ul class=\"notes\">";
    for (const std::string& note : r.notes) text += "<li>" + with_options(note) + "</li>";
    return text + "</ul>\n";
}

}  // namespace report_detail

STRATA_INLINE std::string report_html(const report& report) {
    using namespace report_detail;
    std::string text =
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\"><title>" +
        html_text(report.title) + "</title>\n<style>" + report_style + "</style></head>\n<body><main>\n<header><h1>" +
        html_text(report.title) + "</h1><p>" + html_text(report.subtitle) + "</p></header>\n";
    text += tiles(report) + notes(report) + curves(report);
    if (report.confusion) text += "<div class=\"pair\">" + matrix(report) + scores(report) + "</div>\n";
    const std::string facts = pairs("Settings", report.settings) + pairs("Environment", report.environment);
    if (!facts.empty()) text += "<div class=\"pair\">" + facts + "</div>\n";
    if (report.network) text += network_section(*report.network);
    return text + "<footer>Written by strata " STRATA_VERSION_STRING ".</footer></main></body></html>\n";
}

STRATA_INLINE void save_report(const report& report, const std::string& path) { write_file(path, report_html(report)); }

}  // namespace strata::inline STRATA_ABI
