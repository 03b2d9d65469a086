// SPDX-License-Identifier: MIT
#include <strata/backend/cuda/cudnn/descriptor.hpp>

#include <doctest/doctest.h>

#include <string>
#include <type_traits>
#include <utility>

using namespace strata::cudnn;

namespace {

using tensor_descriptor = descriptor<CUDNN_BACKEND_TENSOR_DESCRIPTOR>;

static_assert(!std::is_copy_constructible_v<tensor_descriptor> && std::is_nothrow_move_constructible_v<tensor_descriptor>);

tensor_descriptor picture() {
    tensor_descriptor t;
    t.set<CUDNN_ATTR_TENSOR_DATA_TYPE>(CUDNN_DATA_FLOAT)
        .set<CUDNN_ATTR_TENSOR_DIMENSIONS>(std::array<std::int64_t, 4>{8, 3, 32, 32})
        .set<CUDNN_ATTR_TENSOR_STRIDES>(std::array<std::int64_t, 4>{3072, 1, 96, 3})
        .set<CUDNN_ATTR_TENSOR_UNIQUE_ID>(std::int64_t{7})
        .set<CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT>(std::int64_t{16});
    return t;
}

std::string message_of(auto&& act) {
    try {
        act();
    } catch (const cudnn_error& e) { return e.what(); }
    return "nothing was thrown";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a tensor descriptor gives back what was set, in the attribute's C++ type") {
    tensor_descriptor t = picture();
    t.finalize();
    CHECK(t.get<CUDNN_ATTR_TENSOR_DATA_TYPE>() == CUDNN_DATA_FLOAT);
    CHECK(t.get<CUDNN_ATTR_TENSOR_UNIQUE_ID>() == 7);
    CHECK(t.get_all<CUDNN_ATTR_TENSOR_STRIDES>() == std::vector<std::int64_t>{3072, 1, 96, 3});
}

TEST_CASE("moving a descriptor takes cuDNN's object along") {
    tensor_descriptor t = picture();
    const cudnnBackendDescriptor_t raw = t.get();
    const tensor_descriptor other = std::move(t);
    CHECK(other.get() == raw);
    CHECK(t.get() == nullptr);
}

TEST_CASE("an error names attribute, descriptor, status and cuDNN's reason") {
    const std::string after_finalize = message_of([] {
        tensor_descriptor t = picture();
        t.finalize();
        t.set<CUDNN_ATTR_TENSOR_UNIQUE_ID>(std::int64_t{8});
    });
    CHECK(contains(after_finalize, "setting CUDNN_ATTR_TENSOR_UNIQUE_ID"));
    CHECK(contains(after_finalize, "cuDNN 9."));
    CHECK(contains(after_finalize, "descriptor.ipp:"));

    const std::string without_strides = message_of([] {
        tensor_descriptor t;
        t.set<CUDNN_ATTR_TENSOR_DATA_TYPE>(CUDNN_DATA_FLOAT).finalize();
    });
    CHECK(contains(without_strides, "finalizing CUDNN_BACKEND_TENSOR_DESCRIPTOR"));
    CHECK(contains(without_strides, "BAD_PARAM (2000)"));
    CHECK(contains(without_strides, "TENSOR"));
}
