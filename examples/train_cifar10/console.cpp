// SPDX-License-Identifier: MIT
// The standard output.
#include "console.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace train_cifar10 {

namespace {

int first_failure = 0;  // of the standard output, an errno

}  // namespace

void open_missing_streams() {
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
        if (::fcntl(stream, F_GETFD) < 0) {
            // Open in the wrong direction, so that using it fails as it would have.
            [[maybe_unused]] const int opened = ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
}

void say(const std::string& text) {
    const bool arrived = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    if (!arrived && first_failure == 0 && errno != EPIPE) first_failure = errno;
}

std::string output_failure() { return first_failure == 0 ? "" : std::strerror(first_failure); }

std::string wrapped(const std::string& text, std::size_t indent, std::size_t columns) {
    if (columns < indent + 20) return text;
    std::string result;
    std::size_t used = indent;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        const std::string word = text.substr(at, end - at);
        const bool first = used == indent;
        if (!first && used + 1 + word.size() > columns) {
            result += "\n" + std::string(indent, ' ') + word;
            used = indent + word.size();
        } else {
            result += (first ? "" : " ") + word;
            used += (first ? 0 : 1) + word.size();
        }
        at = end + 1;
    }
    return result;
}

std::string wrapped(const std::string& text, std::size_t indent) {
    return ::isatty(STDOUT_FILENO) == 1 ? wrapped(text, indent, static_cast<std::size_t>(terminal_columns())) : text;
}

bool output_is_terminal() {
    const char* kind = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

int terminal_columns() {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace train_cifar10
