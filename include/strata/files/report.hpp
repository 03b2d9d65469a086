// SPDX-License-Identifier: MIT
// A run as one self-contained page: headline figures, accuracy and loss curves as SVG, confusion matrix, scores of each class,
// settings, network, environment. No script, no network, light and dark; everything that comes from outside is escaped.
#pragma once

#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>
#include <strata/files/confusion.hpp>
#include <strata/network/summary.hpp>
#include <strata/training/history.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI {

// What the page shows; a part that is left empty is left out.
struct report {
    std::string title{}, subtitle{};
    strata::history history{};
    std::vector<std::string> class_names{};
    std::optional<evaluation> test{};
    std::optional<confusion_matrix> confusion{};
    std::vector<std::string> notes{};  // sentences to be read with the figures: what they may be compared with, warnings
    std::vector<std::pair<std::string, std::string>> settings{}, environment{};
    std::optional<network_summary> network{};
};

std::string report_html(const report& report);

// Written as a whole or not at all. Throws io_error.
void save_report(const report& report, const std::string& path);

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/files/report.ipp>
#endif
