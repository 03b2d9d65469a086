// SPDX-License-Identifier: MIT
// Where the trainer finds what belongs to the source tree: the bundled sample and the script that fetches the full set.
#pragma once

#include <string>

namespace train_cifar10 {

// The path of a file of the source tree, or "" where there is none: looked for in the folders above the executable, then in the tree
// that it was built from.
std::string find_in_tree(const std::string& file);

}  // namespace train_cifar10
