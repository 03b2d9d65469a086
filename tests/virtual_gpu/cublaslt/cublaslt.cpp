// SPDX-License-Identifier: MIT
// cuBLASLt on the virtual GPU: matrix products of column-major matrices, D = epilogue(alpha * op(A) * op(B) + beta * C), with the rules of
// cublasLt.h checked. The order of the bits in the ReLU mask, which cuBLASLt does not tell, is scrambled by a seed.
#include <cublasLt.h>

#include "../cudnn/numbers.hpp"
#include "../cudnn/options.hpp"
#include "../device.hpp"
#include "work.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

struct cublasLtContext {};

namespace vgpu::blas {
namespace {

struct refusal {
    cublasStatus_t status;
    std::string text;
};

/// A descriptor: attributes as bytes, of the sizes that the header gives.
struct object {
    enum class kind { product, layout, preference } what;
    std::map<int, std::vector<std::byte>> values;

    template <class T>
    T get(int name) const {
        T value{};
        const auto found = values.find(name);
        if (found != values.end()) std::memcpy(&value, found->second.data(), std::min(sizeof value, found->second.size()));
        return value;
    }
    template <class T>
    void put(int name, T value) {
        std::vector<std::byte> bytes(sizeof value);
        std::memcpy(bytes.data(), &value, sizeof value);
        values[name] = std::move(bytes);
    }
};

struct registry {
    std::mutex mutex;
    std::map<const void*, std::unique_ptr<object>> objects;
    std::set<cublasLtHandle_t> handles;
    std::set<std::uint64_t> warmed_up;  // products that have run outside a capture: their kernels are loaded
};
registry& the() {
    static registry one;
    return one;
}

template <class Body>
cublasStatus_t call(const char* name, const Body& body) {
    if (const int asked = enter(name); asked != 0) return static_cast<cublasStatus_t>(asked);
    try {
        const std::lock_guard lock(the().mutex);
        body();
        return CUBLAS_STATUS_SUCCESS;
    } catch (const refusal& no) {
        if (!no.text.empty()) report_misuse(std::string(name) + ": " + no.text);
        return no.status;
    }
}
[[noreturn]] void misused(const std::string& sentence, cublasStatus_t status = CUBLAS_STATUS_INVALID_VALUE) {
    throw refusal{status, sentence};
}
[[noreturn]] void unsupported() { throw refusal{CUBLAS_STATUS_NOT_SUPPORTED, ""}; }

object& known(const void* raw, object::kind what) {
    const auto found = the().objects.find(raw);
    if (found == the().objects.end() || found->second->what != what) misused("no such descriptor, or it was destroyed");
    return *found->second;
}
void known(cublasLtHandle_t handle) {
    if (the().handles.count(handle) == 0) misused("no such handle, or it was destroyed", CUBLAS_STATUS_NOT_INITIALIZED);
}
template <class Raw>
object& make(Raw** out, object::kind what, const char* name) {
    if (out == nullptr) misused("no place for the descriptor");
    auto made = std::make_unique<object>();
    made->what = what;
    object& result = *made;
    *out = reinterpret_cast<Raw*>(made.get());
    track(name, *out);
    the().objects.emplace(*out, std::move(made));
    return result;
}
cublasStatus_t destroy(const char* name, const void* raw) {
    const int asked = enter(name);
    const std::lock_guard lock(the().mutex);
    if (the().objects.erase(raw) == 0) {
        report_misuse(std::string(name) + ": no such descriptor, or it was destroyed");
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    untrack(raw);
    return static_cast<cublasStatus_t>(asked);
}

/// Attributes and their sizes. What is not here is refused: the virtual GPU would not honour it.
std::size_t size_of(object::kind what, int name) {
    static const std::map<int, std::size_t> product = {
        {CUBLASLT_MATMUL_DESC_COMPUTE_TYPE, 4},    {CUBLASLT_MATMUL_DESC_SCALE_TYPE, 4},    {CUBLASLT_MATMUL_DESC_POINTER_MODE, 4},
        {CUBLASLT_MATMUL_DESC_TRANSA, 4},          {CUBLASLT_MATMUL_DESC_TRANSB, 4},        {CUBLASLT_MATMUL_DESC_TRANSC, 4},
        {CUBLASLT_MATMUL_DESC_EPILOGUE, 4},        {CUBLASLT_MATMUL_DESC_BIAS_POINTER, 8},  {CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, 8},
        {CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, 8}, {CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, 4}};
    static const std::map<int, std::size_t> layout = {{CUBLASLT_MATRIX_LAYOUT_TYPE, 4},
                                                      {CUBLASLT_MATRIX_LAYOUT_ORDER, 4},
                                                      {CUBLASLT_MATRIX_LAYOUT_ROWS, 8},
                                                      {CUBLASLT_MATRIX_LAYOUT_COLS, 8},
                                                      {CUBLASLT_MATRIX_LAYOUT_LD, 8},
                                                      {CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, 4},
                                                      {CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, 8}};
    static const std::map<int, std::size_t> preference = {{CUBLASLT_MATMUL_PREF_SEARCH_MODE, 4},
                                                          {CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, 8},
                                                          {CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, 4},
                                                          {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, 4},
                                                          {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, 4},
                                                          {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, 4},
                                                          {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, 4},
                                                          {CUBLASLT_MATMUL_PREF_MAX_WAVES_COUNT, 4},
                                                          {CUBLASLT_MATMUL_PREF_IMPL_MASK, 8}};
    const auto& table = what == object::kind::product ? product : what == object::kind::layout ? layout : preference;
    const auto found = table.find(name);
    return found == table.end() ? 0 : found->second;
}
void set(object& target, int name, const void* value, std::size_t bytes) {
    const std::size_t expected = size_of(target.what, name);
    if (expected == 0) misused("attribute " + std::to_string(name) + " is unknown to the virtual GPU");
    if (value == nullptr || bytes != expected) misused("attribute " + std::to_string(name) + " has " + std::to_string(expected) + " bytes");
    std::vector<std::byte> copy(bytes);
    std::memcpy(copy.data(), value, bytes);
    target.values[name] = std::move(copy);
}
void get(const object& source, int name, void* out, std::size_t room, std::size_t* written) {
    const std::size_t expected = size_of(source.what, name);
    if (expected == 0 || (room == 0 && written == nullptr) || (room != 0 && (out == nullptr || room != expected)))
        misused("attribute " + std::to_string(name) + ": its size is " + std::to_string(expected));
    if (written != nullptr) *written = expected;
    if (room == 0) return;
    std::memset(out, 0, room);
    const auto found = source.values.find(name);
    if (found != source.values.end()) std::memcpy(out, found->second.data(), room);
}

matrix matrix_of(const object& layout) {
    if (layout.get<std::int32_t>(CUBLASLT_MATRIX_LAYOUT_ORDER) != CUBLASLT_ORDER_COL ||
        layout.get<std::int32_t>(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) > 1)
        unsupported();
    matrix one{static_cast<cudaDataType_t>(layout.get<std::int32_t>(CUBLASLT_MATRIX_LAYOUT_TYPE)),
               static_cast<std::size_t>(layout.get<std::uint64_t>(CUBLASLT_MATRIX_LAYOUT_ROWS)),
               static_cast<std::size_t>(layout.get<std::uint64_t>(CUBLASLT_MATRIX_LAYOUT_COLS)),
               static_cast<std::size_t>(layout.get<std::int64_t>(CUBLASLT_MATRIX_LAYOUT_LD))};
    if (one.type != CUDA_R_32F && one.type != CUDA_R_16BF && one.type != CUDA_R_16F) unsupported();
    if (one.rows == 0 || one.columns == 0 || one.leading < one.rows)
        misused("a matrix layout whose leading dimension is less than its rows, or which is empty");
    return one;
}

const char* name_of(int epilogue) {
    switch (epilogue) {
        case CUBLASLT_EPILOGUE_DEFAULT: return "DEFAULT";
        case CUBLASLT_EPILOGUE_BIAS: return "BIAS";
        case CUBLASLT_EPILOGUE_RELU: return "RELU";
        case CUBLASLT_EPILOGUE_RELU_BIAS: return "RELU_BIAS";
        case CUBLASLT_EPILOGUE_RELU_AUX: return "RELU_AUX";
        case CUBLASLT_EPILOGUE_RELU_AUX_BIAS: return "RELU_AUX_BIAS";
        case CUBLASLT_EPILOGUE_DRELU: return "DRELU";
        case CUBLASLT_EPILOGUE_DRELU_BGRAD: return "DRELU_BGRAD";
        case CUBLASLT_EPILOGUE_BGRADA: return "BGRADA";
        case CUBLASLT_EPILOGUE_BGRADB: return "BGRADB";
        default: return nullptr;
    }
}

product read(const object& desc, const object& a, const object& b, const object& c, const object& d) {
    product one{
        matrix_of(a), matrix_of(b), matrix_of(c), matrix_of(d), false, false, false, CUBLASLT_EPILOGUE_DEFAULT, nullptr, nullptr, 0};
    const auto compute = desc.get<std::int32_t>(CUBLASLT_MATMUL_DESC_COMPUTE_TYPE);
    if (compute != CUBLAS_COMPUTE_32F && compute != CUBLAS_COMPUTE_32F_PEDANTIC && compute != CUBLAS_COMPUTE_32F_FAST_TF32) unsupported();
    if (desc.get<std::int32_t>(CUBLASLT_MATMUL_DESC_SCALE_TYPE) != CUDA_R_32F ||
        desc.get<std::int32_t>(CUBLASLT_MATMUL_DESC_POINTER_MODE) != CUBLASLT_POINTER_MODE_HOST)
        unsupported();
    const auto transpose = [&](int name) {
        const auto value = desc.get<std::int32_t>(name);
        if (value != CUBLAS_OP_N && value != CUBLAS_OP_T) misused("an operation that is neither N nor T");
        return value == CUBLAS_OP_T;
    };
    one.transpose_a = transpose(CUBLASLT_MATMUL_DESC_TRANSA);
    one.transpose_b = transpose(CUBLASLT_MATMUL_DESC_TRANSB);
    if (transpose(CUBLASLT_MATMUL_DESC_TRANSC)) unsupported();
    one.tf32 = compute == CUBLAS_COMPUTE_32F_FAST_TF32 && one.a.type == CUDA_R_32F;
    const std::size_t m = one.transpose_a ? one.a.columns : one.a.rows, k = one.transpose_a ? one.a.rows : one.a.columns;
    const std::size_t inner = one.transpose_b ? one.b.columns : one.b.rows, n = one.transpose_b ? one.b.rows : one.b.columns;
    if (m != one.d.rows || n != one.d.columns || k != inner || one.c.rows != m || one.c.columns != n) misused("the shapes do not fit");
    if (one.a.type != one.b.type || one.c.type != one.d.type || (one.d.type != CUDA_R_32F && one.d.type != one.a.type)) unsupported();
    if ((one.a.type == CUDA_R_16BF || one.tf32) && device().major < 8) one.tf32 ? static_cast<void>(one.tf32 = false) : unsupported();

    const auto epilogue = desc.get<std::uint32_t>(CUBLASLT_MATMUL_DESC_EPILOGUE);
    one.epilogue = epilogue == 0 ? CUBLASLT_EPILOGUE_DEFAULT : static_cast<int>(epilogue);
    const char* const name = name_of(one.epilogue);
    if (name == nullptr) unsupported();
    one.vector = desc.get<void*>(CUBLASLT_MATMUL_DESC_BIAS_POINTER);
    one.aux = desc.get<void*>(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER);
    if (one.reads_vector() || one.writes_vector()) {
        const auto type = desc.get<std::int32_t>(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE);
        if (type != -1 && type != one.d.type) unsupported();  // cublasLt.h: of the type of D
    }
    if (one.has_aux()) {
        const auto leading = desc.get<std::int64_t>(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD);
        if (leading % 128 != 0 || leading < static_cast<std::int64_t>(m))
            misused("the mask's leading dimension must be a multiple of 128 bits, and hold the rows of D");
        one.aux_leading = static_cast<std::size_t>(leading);
    }
    return one;
}

// ---- Algorithms: what the heuristic offers, in the eight words of a cublasLtMatmulAlgo_t ------------------------------------------------

constexpr std::uint64_t magic = 0x7667707562313700U;
struct algorithm {
    std::uint64_t key, id, workspace, alignment[4];
    cublasLtMatmulAlgo_t pack() const { return {{magic, key, id, workspace, alignment[0], alignment[1], alignment[2], alignment[3]}}; }
    static algorithm unpack(const cublasLtMatmulAlgo_t& raw) {
        if (raw.data[0] != magic) misused("an algorithm that no heuristic offered");
        return {raw.data[1], raw.data[2], raw.data[3], {raw.data[4], raw.data[5], raw.data[6], raw.data[7]}};
    }
};

std::vector<algorithm> offers(const product& what, const object& preference) {
    detail::saw_epilogue(name_of(what.epilogue));
    if (refused(name_of(what.epilogue)) || (what.epilogue != CUBLASLT_EPILOGUE_DEFAULT && refused("epilogues"))) return {};
    algorithm one{what.key(), 0, 0, {256, 256, 256, 256}};
    const int names[] = {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                         CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES};
    for (std::size_t i = 0; i < 4; ++i)
        if (preference.values.count(names[i]) != 0) one.alignment[i] = std::max<std::uint32_t>(preference.get<std::uint32_t>(names[i]), 1);
    // Fused epilogues need 16-byte pieces of everything that they touch: pointers and columns.
    if (what.epilogue != CUBLASLT_EPILOGUE_DEFAULT) {
        for (const std::uint64_t alignment : one.alignment)
            if (alignment < 16) return {};
        if (reinterpret_cast<std::uintptr_t>(what.vector) % 16 != 0 || reinterpret_cast<std::uintptr_t>(what.aux) % 16 != 0) return {};
    }
    if (what.has_aux() && (what.d.leading * what.d.element()) % 16 != 0) return {};
    std::vector<algorithm> all;
    algorithm split = one;
    split.id = 1;
    split.workspace = ((what.m() * what.n() * sizeof(float) + 255) / 256) * 256;
    const bool large = what.k() >= 256 && !what.has_aux() && !what.writes_vector();  // split along k
    if (large && split.workspace <= preference.get<std::uint64_t>(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)) all.push_back(split);
    all.push_back(one);
    return all;
}

// ---- Running one -----------------------------------------------------------------------------------------------------------------------

region in_device(const char* what, const void* pointer, std::size_t bytes, std::uint64_t alignment) {
    if (pointer == nullptr) misused(std::string(what) + " is null");
    const block here = find(pointer);
    if (here.kind != memory_kind::device && here.kind != memory_kind::mapped)
        misused(std::string(what) + " is not in device memory: " + describe(pointer), CUBLAS_STATUS_EXECUTION_FAILED);
    if (alignment != 0 && reinterpret_cast<std::uintptr_t>(pointer) % alignment != 0)
        misused(std::string(what) + " is not aligned to the " + std::to_string(alignment) + " bytes that the algorithm was asked for");
    if (static_cast<const std::byte*>(pointer) + bytes > here.begin + here.bytes)
        misused(std::string(what) + " needs " + std::to_string(bytes) + " bytes: " + describe(pointer), CUBLAS_STATUS_EXECUTION_FAILED);
    return {pointer, bytes};
}
bool overlap(const region& x, const region& y) {
    const auto *const first = static_cast<const std::byte*>(x.data), *const second = static_cast<const std::byte*>(y.data);
    return first < second + y.bytes && second < first + x.bytes;
}

void run(const product& what, const cublasLtMatmulAlgo_t* raw, const void* a, const void* b, const void* c, void* d, float alpha,
         float beta, void* workspace, std::size_t workspace_bytes, cudaStream_t stream) {
    algorithm chosen{what.key(), 0, 0, {what.a.element(), what.b.element(), what.c.element(), what.d.element()}};
    if (raw != nullptr) chosen = algorithm::unpack(*raw);
    if (chosen.key != what.key()) misused("the algorithm was offered for another product");
    if (workspace_bytes < chosen.workspace)
        misused("the workspace has " + std::to_string(workspace_bytes) + " bytes, the algorithm needs " + std::to_string(chosen.workspace));
    if (!stream_exists(stream)) misused("no such stream");
    std::vector<region> reads, writes;
    reads.push_back(in_device("A", a, what.a.extent(), chosen.alignment[0]));
    reads.push_back(in_device("B", b, what.b.extent(), chosen.alignment[1]));
    writes.push_back(in_device("D", d, what.d.extent(), chosen.alignment[3]));
    if (what.reads_vector()) reads.push_back(in_device("the bias", what.vector, what.vector_count() * what.d.element(), what.d.element()));
    if (what.writes_vector())
        writes.push_back(in_device("the bias gradient", what.vector, what.vector_count() * what.d.element(), what.d.element()));
    if (what.has_aux()) (what.reads_aux() ? reads : writes).push_back(in_device("the mask", what.aux, what.aux_bytes(), 16));
    if (chosen.workspace > 0) writes.push_back(in_device("the workspace", workspace, static_cast<std::size_t>(chosen.workspace), 16));
    for (std::size_t i = 0; i < writes.size(); ++i) {
        for (const region& read : reads)
            if (overlap(read, writes[i])) misused("an output overlaps an input: " + describe(read.data));
        for (std::size_t j = 0; j < i; ++j)
            if (overlap(writes[j], writes[i])) misused("two outputs (or the workspace) overlap: " + describe(writes[i].data));
    }
    if (beta != 0.0F) {
        const region old = in_device("C", c, what.c.extent(), chosen.alignment[2]);
        if (c != d && overlap(old, writes[0])) misused("C overlaps D and is not D");
        if (c == d && what.c.leading != what.d.leading) misused("C is D in another layout");
        reads.push_back(old);
    }
    const std::uint64_t kernel = mixed(what.key() + chosen.id);
    const bool in_capture = capturing(stream);
    if (in_capture && the().warmed_up.count(kernel) == 0) {
        static_cast<void>(unsafe_call("cublasLtMatmul (a product's first run)"));
        misused("a product's first run (" + std::string(name_of(what.epilogue)) + ") was captured: run it once before",
                CUBLAS_STATUS_EXECUTION_FAILED);
    }
    const work job{what,
                   a,
                   b,
                   c,
                   d,
                   workspace,
                   static_cast<std::size_t>(chosen.workspace),
                   alpha,
                   beta,
                   scrambled(),
                   refused("one order of the mask for all rows")};
    if (enqueue(stream, std::string("cublasLt ") + name_of(what.epilogue), std::move(reads), std::move(writes), [job] { job.run(); }) !=
        cudaSuccess)
        throw refusal{CUBLAS_STATUS_EXECUTION_FAILED, ""};
    if (!in_capture) the().warmed_up.insert(kernel);
}

}  // namespace
}  // namespace vgpu::blas

using namespace vgpu;
using namespace vgpu::blas;
using kind_of = object::kind;

extern "C" {

size_t cublasLtGetVersion() { return CUBLAS_VERSION; }
size_t cublasLtGetCudartVersion() { return static_cast<size_t>(vgpu::device().runtime_version); }
cublasStatus_t cublasLtGetProperty(libraryPropertyType type, int* value) {
    if (value == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
    *value = type == MAJOR_VERSION ? CUBLAS_VER_MAJOR : type == MINOR_VERSION ? CUBLAS_VER_MINOR : CUBLAS_VER_PATCH;
    return CUBLAS_STATUS_SUCCESS;
}
const char* cublasLtGetStatusName(cublasStatus_t status) {
    switch (status) {
        case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
        case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
        case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
        case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
        case CUBLAS_STATUS_ARCH_MISMATCH: return "CUBLAS_STATUS_ARCH_MISMATCH";
        case CUBLAS_STATUS_MAPPING_ERROR: return "CUBLAS_STATUS_MAPPING_ERROR";
        case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
        case CUBLAS_STATUS_INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
        case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
        case CUBLAS_STATUS_LICENSE_ERROR: return "CUBLAS_STATUS_LICENSE_ERROR";
    }
    return "CUBLAS_STATUS_UNKNOWN";
}
const char* cublasLtGetStatusString(cublasStatus_t status) {
    switch (status) {
        case CUBLAS_STATUS_SUCCESS: return "success";
        case CUBLAS_STATUS_NOT_INITIALIZED: return "the library was not initialized";
        case CUBLAS_STATUS_ALLOC_FAILED: return "the resource allocation failed";
        case CUBLAS_STATUS_INVALID_VALUE: return "an invalid value was used as a parameter";
        case CUBLAS_STATUS_EXECUTION_FAILED: return "the function failed to launch on the GPU";
        case CUBLAS_STATUS_NOT_SUPPORTED: return "the functionality is not supported";
        default: return "an internal operation failed";
    }
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
    return call("cublasLtCreate", [&] {
        if (handle == nullptr) misused("no place for the handle");
        if (vgpu::device().devices == 0 || vgpu::device().driver_version < vgpu::device().runtime_version)
            throw refusal{CUBLAS_STATUS_NOT_INITIALIZED, ""};
        if (unsafe_call("cublasLtCreate") != cudaSuccess) throw refusal{CUBLAS_STATUS_ALLOC_FAILED, ""};
        *handle = new cublasLtContext;
        the().handles.insert(*handle);
        track("cublasLt handle", *handle);
    });
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
    const int asked = enter("cublasLtDestroy");
    const std::lock_guard lock(the().mutex);
    if (the().handles.erase(handle) == 0) {
        report_misuse("cublasLtDestroy: no such handle, or it was destroyed");
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    untrack(handle);
    delete handle;
    return static_cast<cublasStatus_t>(asked);
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* out, cublasComputeType_t compute, cudaDataType_t scale) {
    return call("cublasLtMatmulDescCreate", [&] {
        object& made = make(out, kind_of::product, "cublasLt product");
        made.put(CUBLASLT_MATMUL_DESC_COMPUTE_TYPE, static_cast<std::int32_t>(compute));
        made.put(CUBLASLT_MATMUL_DESC_SCALE_TYPE, static_cast<std::int32_t>(scale));
        made.put(CUBLASLT_MATMUL_DESC_EPILOGUE, static_cast<std::uint32_t>(CUBLASLT_EPILOGUE_DEFAULT));
        made.put(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, std::int32_t{-1});
    });
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) { return destroy("cublasLtMatmulDescDestroy", desc); }
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t name, const void* value,
                                              size_t bytes) {
    return call("cublasLtMatmulDescSetAttribute", [&] { set(known(desc, kind_of::product), name, value, bytes); });
}
cublasStatus_t cublasLtMatmulDescGetAttribute(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t name, void* out, size_t room,
                                              size_t* written) {
    return call("cublasLtMatmulDescGetAttribute", [&] { get(known(desc, kind_of::product), name, out, room, written); });
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* out, cudaDataType type, uint64_t rows, uint64_t columns,
                                          int64_t leading) {
    return call("cublasLtMatrixLayoutCreate", [&] {
        object& made = make(out, kind_of::layout, "cublasLt layout");
        made.put(CUBLASLT_MATRIX_LAYOUT_TYPE, static_cast<std::int32_t>(type));
        made.put(CUBLASLT_MATRIX_LAYOUT_ORDER, static_cast<std::int32_t>(CUBLASLT_ORDER_COL));
        made.put(CUBLASLT_MATRIX_LAYOUT_ROWS, rows);
        made.put(CUBLASLT_MATRIX_LAYOUT_COLS, columns);
        made.put(CUBLASLT_MATRIX_LAYOUT_LD, leading);
        made.put(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, std::int32_t{1});
    });
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) { return destroy("cublasLtMatrixLayoutDestroy", layout); }
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t name, const void* value,
                                                size_t bytes) {
    return call("cublasLtMatrixLayoutSetAttribute", [&] { set(known(layout, kind_of::layout), name, value, bytes); });
}
cublasStatus_t cublasLtMatrixLayoutGetAttribute(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t name, void* out, size_t room,
                                                size_t* written) {
    return call("cublasLtMatrixLayoutGetAttribute", [&] { get(known(layout, kind_of::layout), name, out, room, written); });
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* out) {
    return call("cublasLtMatmulPreferenceCreate", [&] { make(out, kind_of::preference, "cublasLt preference"); });
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
    return destroy("cublasLtMatmulPreferenceDestroy", preference);
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t name,
                                                    const void* value, size_t bytes) {
    return call("cublasLtMatmulPreferenceSetAttribute", [&] { set(known(preference, kind_of::preference), name, value, bytes); });
}
cublasStatus_t cublasLtMatmulPreferenceGetAttribute(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t name,
                                                    void* out, size_t room, size_t* written) {
    return call("cublasLtMatmulPreferenceGetAttribute", [&] { get(known(preference, kind_of::preference), name, out, room, written); });
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a,
                                              cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int asked, cublasLtMatmulHeuristicResult_t results[],
                                              int* count) {
    return call("cublasLtMatmulAlgoGetHeuristic", [&] {
        known(handle);
        if (asked <= 0 || results == nullptr || count == nullptr) misused("nowhere to put the algorithms");
        *count = 0;
        const product what = read(known(desc, kind_of::product), known(a, kind_of::layout), known(b, kind_of::layout),
                                  known(c, kind_of::layout), known(d, kind_of::layout));
        if ((what.reads_vector() || what.writes_vector()) && what.vector == nullptr)
            misused("the epilogue's vector is not set: its alignment decides");
        if (what.has_aux() && what.aux == nullptr) misused("the epilogue's mask is not set: its alignment decides");
        const auto all = offers(what, known(preference, kind_of::preference));
        if (all.empty()) unsupported();
        for (const algorithm& one : all) {
            if (*count == asked) break;
            cublasLtMatmulHeuristicResult_t& result = results[(*count)++];
            result = {};
            result.algo = one.pack();
            result.workspaceSize = static_cast<std::size_t>(one.workspace);
            result.state = CUBLAS_STATUS_SUCCESS;
            result.wavesCount = 1.0F;
        }
    });
}
cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void* alpha, const void* a,
                              cublasLtMatrixLayout_t a_layout, const void* b, cublasLtMatrixLayout_t b_layout, const void* beta,
                              const void* c, cublasLtMatrixLayout_t c_layout, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algo, void* workspace, size_t workspace_bytes, cudaStream_t stream) {
    return call("cublasLtMatmul", [&] {
        known(handle);
        if (alpha == nullptr || beta == nullptr) misused("alpha or beta is null");
        const product what = read(known(desc, kind_of::product), known(a_layout, kind_of::layout), known(b_layout, kind_of::layout),
                                  known(c_layout, kind_of::layout), known(d_layout, kind_of::layout));
        float factors[2];
        std::memcpy(&factors[0], alpha, sizeof(float));
        std::memcpy(&factors[1], beta, sizeof(float));
        run(what, algo, a, b, c, d, factors[0], factors[1], workspace, workspace_bytes, stream);
    });
}

}  // extern "C"
