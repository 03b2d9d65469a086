// SPDX-License-Identifier: MIT
// Numbers as people read them: 6,607,946; 12 min 5 s; 37 %; 104 MB; 2026-11-24 11:05:07.
#pragma once

#include <cstdint>
#include <string>

namespace train_cifar10 {

std::string grouped(std::int64_t value);
std::string duration(double seconds);            // "0.4 s", "12 s", "3 min 20 s", "2 h 5 min"
std::string megabytes(std::int64_t bytes);
std::string percent(double share);               // whole percents: "37 %"
std::string fixed(double value, int digits);     // fixed(0.28, 4): "0.2800"; "nan" stays
std::string shortest(double value);              // "0.001"
std::string counted(std::int64_t count, const char* one, const char* many);  // "1 row", "3,200 rows"
std::string time_stamp(const char* format);      // of now, local time, as strftime

}  // namespace train_cifar10
