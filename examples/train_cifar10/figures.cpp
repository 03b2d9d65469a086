// SPDX-License-Identifier: MIT
// Numbers as people read them.
#include "figures.hpp"

#include <cmath>
#include <cstdio>
#include <ctime>

#include <time.h>  // NOLINT(modernize-deprecated-headers): localtime_r is POSIX

namespace train_cifar10 {

std::string grouped(std::int64_t value) {
    std::string text = std::to_string(value);
    const std::size_t first = value < 0 ? 1 : 0;
    for (std::size_t at = text.size(); at > first + 3;) text.insert(at -= 3, ",");
    return text;
}

std::string fixed(double value, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string shortest(double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%g", value);
    return text;
}

std::string duration(double seconds) {
    if (!(seconds >= 0)) return "unknown";
    if (seconds < 9.95) return fixed(seconds, 1) + " s";
    const auto whole = static_cast<std::int64_t>(std::llround(seconds));
    if (whole < 60) return std::to_string(whole) + " s";
    if (whole < 3600) return std::to_string(whole / 60) + " min" + (whole % 60 == 0 ? "" : " " + std::to_string(whole % 60) + " s");
    const std::int64_t minutes = (whole + 30) / 60;
    return grouped(minutes / 60) + " h" + (minutes % 60 == 0 ? "" : " " + std::to_string(minutes % 60) + " min");
}

std::string megabytes(std::int64_t bytes) { return grouped((bytes + 999'999) / 1'000'000) + " MB"; }

std::string percent(double share) { return fixed(100 * share, 0) + " %"; }

std::string counted(std::int64_t count, const char* one, const char* many) { return grouped(count) + " " + (count == 1 ? one : many); }

std::string time_stamp(const char* format) {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    localtime_r(&now, &parts);
    char text[64];
    return std::string(text, std::strftime(text, sizeof text, format, &parts));
}

}  // namespace train_cifar10
