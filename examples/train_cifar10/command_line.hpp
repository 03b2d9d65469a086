// SPDX-License-Identifier: MIT
// The command line, through CLI11, which cuts it into options and prints the help. Values are read here, so that every refusal is one
// sentence, "--option value: what to give": an option comes with the advice that ends what is said about it.
#pragma once

#include "figures.hpp"

#include <strata/core/error.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

namespace train_cifar10 {

[[noreturn]] inline void refuse(const std::string& option, const std::string& value, const std::string& advice) {
    throw strata::invalid_input(option + " " + (value.empty() ? "''" : value) + ": " + advice);
}

class command_line {
public:
    command_line(const std::string& description, const std::string& footer);

    void flag(const char* name, bool& value, const char* description);
    // Any text but none at all.
    void text(const char* name, std::string& value, const char* description, const char* advice);
    void choice(const char* name, std::string& value, std::initializer_list<const char*> choices, const char* description);
    // A number for which `good` holds. A target that has a value shows it in the help as the default.
    template <typename Number, typename Target>
    void number(const char* name, Target& target, bool (*good)(Number), const char* description, const char* advice) {
        add(name, std::is_integral_v<Number> ? "INT" : "FLOAT", default_of(target), description, advice,
            [=, &target](const std::string& typed) { target = number_of<Number>(name, typed, good, advice); });
    }

    // False when --help or --version was asked for, and has been printed. Throws strata::invalid_input.
    bool parse(int count, const char* const* words);
    bool given(const std::string& name) const { return app_.count(name) > 0; }

private:
    struct entry {
        std::string name, advice;
        CLI::Option* option;
        std::function<void(const std::string&)> take;
    };
    void add(const char* name, const char* type, const std::string& by_default, const char* description, const std::string& advice,
             std::function<void(const std::string&)> take);
    std::string sentence(const CLI::ParseError& error) const;

    template <typename Number>
    static std::string default_of(Number value) {
        return shortest(static_cast<double>(value));
    }
    static std::string default_of(const std::optional<std::int64_t>&) { return ""; }

    template <typename Number>
    static Number number_of(const std::string& name, const std::string& typed, bool (*good)(Number), const std::string& advice) {
        Number value{};
        const char* const last = typed.data() + typed.size();
        const auto [end, problem] = std::from_chars(typed.data() + (typed.starts_with('+') ? 1 : 0), last, value);
        if (problem == std::errc::result_out_of_range && std::is_integral_v<Number> && !typed.starts_with('-'))
            refuse(name, typed, "give at most " + std::to_string(std::numeric_limits<Number>::max()));
        if (problem != std::errc{} || end != last || !good(value)) refuse(name, typed, advice);
        return value;
    }

    CLI::App app_;
    std::vector<entry> entries_;
    std::vector<std::string> flags_;
};

}  // namespace train_cifar10
