// SPDX-License-Identifier: MIT
// Linked into a program that runs on the virtual GPU: the environment says which machine it finds.
//   STRATA_TEST_DEVICES 0      how many GPUs the driver shows
//   STRATA_TEST_DRIVER 11080   the newest CUDA that the driver knows
//   STRATA_TEST_CAPABILITY 75  compute capability
//   STRATA_TEST_VISIBLE 1      /dev/nvidia0 is there, whatever the driver says
#include <virtual_gpu/device.hpp>

#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace {

int number_of(const char* variable, int otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::atoi(text);
}

[[maybe_unused]] const bool set = [] {
    vgpu::properties p;
    p.devices = number_of("STRATA_TEST_DEVICES", p.devices);
    p.driver_version = number_of("STRATA_TEST_DRIVER", p.driver_version);
    const int capability = number_of("STRATA_TEST_CAPABILITY", 90);
    p.major = capability / 10;
    p.minor = capability % 10;
    vgpu::set_device(p);
    return true;
}();

}  // namespace

// Takes the place of the C library's, which strata asks whether a device is visible.
extern "C" int access(const char* path, int mode) noexcept {
    const bool shown = std::strcmp(path, "/dev/nvidia0") == 0 && number_of("STRATA_TEST_VISIBLE", 0) != 0;
    return faccessat(AT_FDCWD, shown ? "/dev/null" : path, mode, 0);
}
