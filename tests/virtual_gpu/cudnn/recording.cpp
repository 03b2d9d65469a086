// SPDX-License-Identifier: MIT
// Writes the backend calls that tests make, one a line, in the form that replay.cpp reads:
//   create SLOT KIND STATUS                          set SLOT ATTRIBUTE TYPE COUNT STATUS VALUES...
//   get SLOT ATTRIBUTE TYPE ASKED STATUS COUNT ...   finalize SLOT STATUS        destroy SLOT STATUS        gpu SLOT COMPUTE_CAPABILITY
#include "api.hpp"

#include "options.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace vgpu {
namespace {

struct file {
    std::mutex mutex;
    std::FILE* out = nullptr;

    file() {
        if (const char* const name = std::getenv("VGPU_RECORD")) out = std::fopen(name, "w");
    }
    ~file() {
        if (out != nullptr) std::fclose(out);
    }
    file(const file&) = delete;
    file& operator=(const file&) = delete;
};
file& the_file() {
    static file one;
    return one;
}

}  // namespace

void record(const std::string& name) {
    stop_recording();
    const std::lock_guard lock(the_file().mutex);
    the_file().out = std::fopen(name.c_str(), "w");
}
void stop_recording() {
    const std::lock_guard lock(the_file().mutex);
    if (the_file().out != nullptr) std::fclose(the_file().out);
    the_file().out = nullptr;
}

namespace dnn::recording {
namespace {

void line(const std::string& text) {
    const std::lock_guard lock(the_file().mutex);
    if (the_file().out != nullptr) std::fprintf(the_file().out, "%s\n", text.c_str());
}
std::string number_of(std::uint64_t number) { return number == 0 ? "@null" : "@d" + std::to_string(number); }
template <class T>
T element(const void* values, std::int64_t i) {
    T value;
    std::memcpy(&value, static_cast<const std::byte*>(values) + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
    return value;
}
std::string text_of(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
}

}  // namespace

bool active() {
    const std::lock_guard lock(the_file().mutex);
    return the_file().out != nullptr;
}
void create(std::uint64_t number, cudnnBackendDescriptorType_t kind, cudnnStatus_t status) {
    line("create d" + std::to_string(number) + ' ' + std::to_string(kind) + ' ' + std::to_string(status));
}
void destroy(std::uint64_t number, cudnnStatus_t status) { line("destroy d" + std::to_string(number) + ' ' + std::to_string(status)); }
void finalize(std::uint64_t number, cudnnStatus_t status) { line("finalize d" + std::to_string(number) + ' ' + std::to_string(status)); }
void set(std::uint64_t number, int name, cudnnBackendAttributeType_t type, std::int64_t count, cudnnStatus_t status, const void* values,
         const std::vector<std::uint64_t>& children) {
    std::string text = "set d" + std::to_string(number) + ' ' + std::to_string(name) + ' ' + std::to_string(type) + ' ' +
                       std::to_string(count) + ' ' + std::to_string(status);
    if (values == nullptr) text += " null";
    if (type == CUDNN_TYPE_CHAR && values != nullptr) text += ' ';
    for (std::int64_t i = 0; values != nullptr && i < count; ++i) switch (type) {
            case CUDNN_TYPE_BACKEND_DESCRIPTOR: text += ' ' + number_of(children[static_cast<std::size_t>(i)]); break;
            case CUDNN_TYPE_HANDLE: text += " handle"; break;
            case CUDNN_TYPE_INT64: text += ' ' + std::to_string(element<std::int64_t>(values, i)); break;
            case CUDNN_TYPE_VOID_PTR: text += ' ' + std::to_string(element<std::uint64_t>(values, i)); break;
            case CUDNN_TYPE_DOUBLE: text += ' ' + text_of(element<double>(values, i)); break;
            case CUDNN_TYPE_FLOAT: text += ' ' + text_of(double{element<float>(values, i)}); break;
            case CUDNN_TYPE_BOOLEAN: text += element<char>(values, i) != 0 ? " 1" : " 0"; break;
            case CUDNN_TYPE_FRACTION: {
                const auto fraction = element<cudnnFraction_t>(values, i);
                text += ' ' + std::to_string(fraction.numerator) + ' ' + std::to_string(fraction.denominator);
                break;
            }
            case CUDNN_TYPE_CHAR: {
                const auto byte = element<unsigned char>(values, i);
                text += "0123456789abcdef"[byte >> 4];
                text += "0123456789abcdef"[byte & 15U];
                break;
            }
            default: text += ' ' + std::to_string(element<std::int32_t>(values, i)); break;
        }
    line(text);
}
void get(std::uint64_t number, int name, cudnnBackendAttributeType_t type, std::int64_t asked, cudnnStatus_t status, std::int64_t count,
         const std::vector<std::uint64_t>& children, const std::string& flags) {
    std::string text = "get d" + std::to_string(number) + ' ' + std::to_string(name) + ' ' + std::to_string(type) + ' ' +
                       std::to_string(asked) + ' ' + std::to_string(status) + ' ' + std::to_string(count);
    for (const auto child : children) text += ' ' + number_of(child);
    line(text + flags);
}
void own_gpu(std::uint64_t number, int compute_capability) {
    line("gpu d" + std::to_string(number) + ' ' + std::to_string(compute_capability));
}

}  // namespace dnn::recording
}  // namespace vgpu
