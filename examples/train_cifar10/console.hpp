// SPDX-License-Identifier: MIT
// The standard output: what is said there, sentences wrapped at words on a terminal, and whether all of it has arrived.
#pragma once

#include <cstddef>
#include <string>

namespace train_cifar10 {

// Before anything is opened: a stream that is closed must not become the number of a file, which then would get what is printed.
void open_missing_streams();

void say(const std::string& text);

// `text`, which begins behind `indent` characters of its line, broken at words so that no line is wider than the terminal, with
// later lines indented as much. Unchanged where there is no terminal, or one that is too narrow for it.
std::string wrapped(const std::string& text, std::size_t indent);
std::string wrapped(const std::string& text, std::size_t indent, std::size_t columns);

// Why not all that was said has arrived, or "". A reader that has gone (| head) is no failure.
std::string output_failure();

bool output_is_terminal();  // one that can redraw a line
int terminal_columns();

}  // namespace train_cifar10
