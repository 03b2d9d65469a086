// SPDX-License-Identifier: MIT
// The command line of a bench: "--name value" pairs, and so many bare words as it takes. Says what is wrong and ends with exit code 2.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace bench {

class arguments {
public:
    // `known` are the names without "--"; `words` says how many bare words there may be.
    arguments(int argc, char** argv, const std::vector<std::string>& known, std::size_t words = 0) {
        for (int i = 1; i < argc; ++i) {
            const std::string word = argv[i];
            if (word.rfind("--", 0) != 0) {
                if (words_.size() == words) stop("there is one thing too many: " + word);
                words_.push_back(word);
                continue;
            }
            bool found = false;
            for (const std::string& name : known) found = found || word == "--" + name;
            if (!found) stop(word + " is no option; there are: --" + join(known));
            if (i + 1 == argc) stop(word + " needs a value");
            values_.emplace_back(word.substr(2), argv[++i]);
        }
    }

    const std::vector<std::string>& words() const { return words_; }
    std::string text(const std::string& name, const std::string& otherwise) const {
        for (const auto& [key, value] : values_)
            if (key == name) return value;
        return otherwise;
    }
    double number(const std::string& name, double otherwise) const {
        const std::string value = text(name, "");
        if (value.empty()) return otherwise;
        char* end = nullptr;
        const double result = std::strtod(value.c_str(), &end);
        if (*end != '\0') stop("--" + name + " " + value + " is no number");
        return result;
    }
    int integer(const std::string& name, int otherwise) const { return static_cast<int>(number(name, otherwise)); }

    [[noreturn]] static void stop(const std::string& message) {
        std::fprintf(stderr, "%s\n", message.c_str());
        std::exit(2);
    }

private:
    static std::string join(const std::vector<std::string>& names) {
        std::string text;
        for (const std::string& name : names) text += (text.empty() ? "" : " --") + name;
        return text;
    }

    std::vector<std::pair<std::string, std::string>> values_;
    std::vector<std::string> words_;
};

}  // namespace bench
