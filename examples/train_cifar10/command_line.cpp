// SPDX-License-Identifier: MIT
// CLI11, and what is said in its place.
#include "command_line.hpp"

#include "console.hpp"

#include <algorithm>
#include <utility>

namespace train_cifar10 {

namespace {

constexpr const char* missing = ": its value is missing; ";

}  // namespace

command_line::command_line(const std::string& description, const std::string& footer) : app_(description, "train_cifar10") {
    app_.get_formatter()->column_width(34);
    app_.set_version_flag("--version", std::string("strata ") + STRATA_VERSION_STRING, "print the version and end");
    app_.footer(footer);
    app_.allow_extras();  // refused in parse
}

void command_line::flag(const char* name, bool& value, const char* description) {
    app_.add_flag(name, value, description);
    flags_.emplace_back(name);
}

void command_line::add(const char* name, const char* type, const std::string& by_default, const char* description,
                       const std::string& advice, std::function<void(const std::string&)> take) {
    CLI::Option* option = app_.add_option(name, CLI::callback_t(), description);
    // One value each; that it was given only once is looked at in parse.
    option->type_name(type)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->default_str(by_default);
    entries_.push_back({name, advice, option, std::move(take)});
}

void command_line::text(const char* name, std::string& value, const char* description, const char* advice) {
    add(name, "TEXT", value, description, advice, [=, &value](const std::string& typed) {
        if (typed.empty()) refuse(name, typed, advice);
        value = typed;
    });
}

void command_line::choice(const char* name, std::string& value, std::initializer_list<const char*> choices, const char* description) {
    const std::vector<std::string> all(choices.begin(), choices.end());
    std::string advice = "give " + all.front();
    for (std::size_t i = 1; i < all.size(); ++i) advice += (i + 1 < all.size() ? ", " : " or ") + all[i];
    add(name, "TEXT", value, description, advice, [=, &value](const std::string& typed) {
        if (std::find(all.begin(), all.end(), typed) == all.end()) refuse(name, typed, advice);
        value = typed;
    });
}

// CLI11 says "--data: 1 required TEXT missing"; a sentence also says what to do.
std::string command_line::sentence(const CLI::ParseError& error) const {
    std::string text = error.what();
    for (const std::string& flag : flags_) {
        const std::string refused = "Could not convert: " + flag + " = ";  // what is neither true nor false
        if (text.starts_with(refused)) return flag + "=" + text.substr(refused.size()) + ": give " + flag + " alone, or leave it out";
    }
    for (const entry& e : entries_)
        if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr && text.starts_with(e.name + ":"))
            return e.name + missing + e.advice;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '.')) text.pop_back();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text + "; train_cifar10 --help lists the options and their values";
}

bool command_line::parse(int count, const char* const* words) {
    try {
        app_.parse(count, words);
    } catch (const CLI::CallForHelp&) {
        say(app_.help());
        return false;
    } catch (const CLI::CallForVersion& e) {
        say(std::string(e.what()) + "\n");
        return false;
    } catch (const CLI::ParseError& e) { throw strata::invalid_input(sentence(e)); }
    if (const auto extras = app_.remaining(); !extras.empty())
        throw strata::invalid_input(
            extras.front() +
            (extras.front().starts_with('-') ? ": there is no such option" : ": this is neither an option nor the value of one") +
            "; train_cifar10 --help lists the options and their values");
    for (const entry& e : entries_) {
        const std::vector<std::string> typed = e.option->results();
        if (typed.size() > 1)
            throw strata::invalid_input(e.name + ": given " + std::to_string(typed.size()) + " times (" + typed[0] + ", " + typed[1] +
                                        (typed.size() > 2 ? ", ..." : "") + "); give it once");
        // CLI11 takes the next option for the value.
        if (!typed.empty() && typed.front().starts_with("--")) throw strata::invalid_input(e.name + missing + e.advice);
        if (!typed.empty()) e.take(typed.front());
    }
    return true;
}

}  // namespace train_cifar10
