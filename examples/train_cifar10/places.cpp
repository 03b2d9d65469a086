// SPDX-License-Identifier: MIT
// Files of the source tree.
#include "places.hpp"

#include <filesystem>
#include <system_error>

namespace train_cifar10 {

std::string find_in_tree(const std::string& file) {
    namespace fs = std::filesystem;
    std::error_code none;  // also set by what is asked for and not there
    for (fs::path folder = fs::read_symlink("/proc/self/exe", none).parent_path(); !folder.empty(); folder = folder.parent_path()) {
        if (fs::is_regular_file(folder / file, none)) return (folder / file).string();
        if (folder == folder.parent_path()) break;
    }
#if defined(STRATA_SOURCE_DIR)
    const fs::path built_from = fs::path(STRATA_SOURCE_DIR) / file;
    if (fs::is_regular_file(built_from, none)) return built_from.string();
#endif
    return "";
}

}  // namespace train_cifar10
