// SPDX-License-Identifier: MIT
// From descriptors to operations: which tensors an operation reads and writes, whether their shapes fit, and an order that can run.
#include "graph.hpp"

#include <algorithm>
#include <cstdlib>

namespace vgpu::dnn {

std::size_t bytes_of(cudnnDataType_t type) {
    switch (type) {
        case CUDNN_DATA_DOUBLE:
        case CUDNN_DATA_INT64: return 8;
        case CUDNN_DATA_FLOAT:
        case CUDNN_DATA_INT32: return 4;
        case CUDNN_DATA_HALF:
        case CUDNN_DATA_BFLOAT16: return 2;
        case CUDNN_DATA_INT8:
        case CUDNN_DATA_UINT8:
        case CUDNN_DATA_BOOLEAN: return 1;
        default: return 0;
    }
}
namespace {

const char* type_name(cudnnDataType_t type) {
    switch (type) {
        case CUDNN_DATA_DOUBLE: return "f64";
        case CUDNN_DATA_INT64: return "i64";
        case CUDNN_DATA_FLOAT: return "f32";
        case CUDNN_DATA_INT32: return "i32";
        case CUDNN_DATA_HALF: return "f16";
        case CUDNN_DATA_BFLOAT16: return "bf16";
        case CUDNN_DATA_INT8: return "i8";
        default: return "?";
    }
}

}  // namespace

std::size_t tensor::count() const {
    std::int64_t product = 1;
    for (const auto dim : dims) product *= dim;
    return static_cast<std::size_t>(product);
}
std::size_t tensor::extent() const {
    std::int64_t last = 0;
    for (std::size_t i = 0; i < dims.size(); ++i) last += (dims[i] - 1) * strides[i];
    return static_cast<std::size_t>(last + 1) * bytes_of(type);
}
bool tensor::channels_last() const {
    if (dims.size() != 4) return false;
    std::int64_t expected = 1;
    for (const std::size_t axis : {std::size_t{1}, std::size_t{3}, std::size_t{2}, std::size_t{0}}) {
        if (dims[axis] != 1 && strides[axis] != expected) return false;
        expected *= dims[axis];
    }
    return true;
}
bool tensor::packed() const {
    std::int64_t expected = 1;
    for (std::size_t axis = dims.size(); axis-- > 0; expected *= dims[axis])
        if (dims[axis] != 1 && strides[axis] != expected) return false;
    return true;
}
bool operator==(const tensor& a, const tensor& b) {
    return a.id == b.id && a.type == b.type && a.dims == b.dims && a.strides == b.strides && a.is_virtual == b.is_virtual &&
           a.by_value == b.by_value;
}
std::string to_string(const tensor& one) {
    std::string text = std::to_string(one.id) + " (";
    for (std::size_t i = 0; i < one.dims.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(one.dims[i]);
    return text + ") " + type_name(one.type) + (one.is_virtual ? " virtual" : "");
}

tensor read_tensor(const descriptor& self) {
    tensor one;
    one.id = self.integer(CUDNN_ATTR_TENSOR_UNIQUE_ID);
    one.type = static_cast<cudnnDataType_t>(self.integer(CUDNN_ATTR_TENSOR_DATA_TYPE));
    one.dims = self.integers(CUDNN_ATTR_TENSOR_DIMENSIONS);
    one.strides = self.integers(CUDNN_ATTR_TENSOR_STRIDES);
    one.alignment = self.integer(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
    one.is_virtual = self.boolean(CUDNN_ATTR_TENSOR_IS_VIRTUAL);
    one.by_value = self.boolean(CUDNN_ATTR_TENSOR_IS_BY_VALUE);
    return one;
}
const tensor* operation::find(int attribute) const {
    for (const operand_list* list : {&reads, &writes})
        for (const auto& each : *list)
            if (each.first == attribute) return &each.second;
    return nullptr;
}
bool graph::writes(std::int64_t id) const { return std::find(written.begin(), written.end(), id) != written.end(); }

namespace {

[[noreturn]] void bad(const operation& one, const std::string& why) {
    std::string text = one.name + ": " + why + " [";
    for (const auto& [name, t] : one.reads) text += ' ' + to_string(t);
    text += " ->";
    for (const auto& [name, t] : one.writes) text += ' ' + to_string(t);
    throw refusal{CUDNN_STATUS_BAD_PARAM, text + " ]"};
}
void take(operation& one, operand_list& list, int attribute) {
    if (const auto child = one.self->child(attribute)) list.emplace_back(attribute, read_tensor(*child));
}
const char* pointwise_name(std::int64_t mode) {
    switch (mode) {
        case CUDNN_POINTWISE_ADD: return "add";
        case CUDNN_POINTWISE_MUL: return "multiply";
        case CUDNN_POINTWISE_SUB: return "subtract";
        case CUDNN_POINTWISE_DIV: return "divide";
        case CUDNN_POINTWISE_MAX: return "max";
        case CUDNN_POINTWISE_MIN: return "min";
        case CUDNN_POINTWISE_SQRT: return "sqrt";
        case CUDNN_POINTWISE_RSQRT: return "rsqrt";
        case CUDNN_POINTWISE_NEG: return "negate";
        case CUDNN_POINTWISE_IDENTITY: return "identity";
        case CUDNN_POINTWISE_RELU_FWD: return "relu_forward";
        case CUDNN_POINTWISE_RELU_BWD: return "relu_backward";
        default: return nullptr;
    }
}

void check_convolution(const operation& one, int x_name, int w_name, int y_name) {
    const tensor &x = one.at(x_name), &w = one.at(w_name), &y = one.at(y_name);
    if (x.dims.size() != 4 || w.dims.size() != 4 || y.dims.size() != 4) bad(one, "the tensors need four dimensions");
    const auto before = one.settings->integers(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS),
               after = one.settings->integers(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS);
    const auto stride = one.settings->integers(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES),
               dilation = one.settings->integers(CUDNN_ATTR_CONVOLUTION_DILATIONS);
    if (x.dims[0] != y.dims[0]) bad(one, "the batches differ");
    if (x.dims[1] % w.dims[1] != 0) bad(one, "the filter's channels do not divide the input's");
    if (w.dims[0] != y.dims[1]) bad(one, "the output needs a channel per filter");
    for (std::size_t i = 0; i < 2; ++i) {
        const std::int64_t room = x.dims[i + 2] + before[i] + after[i] - dilation[i] * (w.dims[i + 2] - 1) - 1;
        if (room < 0 || room / stride[i] + 1 != y.dims[i + 2]) bad(one, "the output's height or width does not follow from the input's");
    }
}

void check_resample(const operation& one, int x_name, int y_name, int index_name) {
    const tensor &x = one.at(x_name), &y = one.at(y_name);
    if (x.dims.size() != 4 || y.dims.size() != 4) bad(one, "the tensors need four dimensions");
    if (x.dims[0] != y.dims[0] || x.dims[1] != y.dims[1]) bad(one, "batch and channels must stay");
    const auto before = one.settings->fractions(CUDNN_ATTR_RESAMPLE_PRE_PADDINGS),
               after = one.settings->fractions(CUDNN_ATTR_RESAMPLE_POST_PADDINGS);
    const auto stride = one.settings->fractions(CUDNN_ATTR_RESAMPLE_STRIDES),
               window = one.settings->fractions(CUDNN_ATTR_RESAMPLE_WINDOW_DIMS);
    if (before.size() != 2 || after.size() != 2 || stride.size() != 2 || window.size() != 2) bad(one, "two spatial dimensions are needed");
    for (std::size_t i = 0; i < 2; ++i) {
        const double room = static_cast<double>(x.dims[i + 2]) + before[i] + after[i] - window[i];
        if (room < 0 || static_cast<std::int64_t>(room / stride[i]) + 1 != y.dims[i + 2])
            bad(one, "the output's height or width does not follow from the input's");
    }
    if (const tensor* const index = one.find(index_name))
        if (index->dims != y.dims) bad(one, "the index must be shaped as y");
}

bool broadcasts(const tensor& small, const tensor& large) {
    if (small.dims.size() != large.dims.size()) return false;
    for (std::size_t i = 0; i < small.dims.size(); ++i)
        if (small.dims[i] != large.dims[i] && small.dims[i] != 1) return false;
    return true;
}

void check_per_channel(const operation& one, const tensor& x, std::initializer_list<int> names) {
    for (const int name : names)
        if (const tensor* const t = one.find(name))
            if (t->dims.size() != 4 || t->count() != static_cast<std::size_t>(x.dims[1]) || t->dims[1] != x.dims[1])
                bad(one, attribute_name(name) + " must have one value per channel");
}

void read_pointwise(operation& one) {
    const std::int64_t mode = one.settings->integer(CUDNN_ATTR_POINTWISE_MODE);
    if (const char* const known = pointwise_name(mode)) one.name = known;
    else throw refusal{CUDNN_STATUS_NOT_SUPPORTED, "pointwise: mode " + std::to_string(mode) + " is unknown to the virtual GPU"};
    const bool backward = mode == CUDNN_POINTWISE_RELU_BWD;
    if (backward) {
        take(one, one.reads, CUDNN_ATTR_OPERATION_POINTWISE_DYDESC);
        take(one, one.reads, CUDNN_ATTR_OPERATION_POINTWISE_XDESC);
        take(one, one.writes, CUDNN_ATTR_OPERATION_POINTWISE_DXDESC);
        if (one.reads.size() != 2 || one.writes.size() != 1) bad(one, "it takes dy, x and dx");
        if (one.reads[0].second.dims != one.reads[1].second.dims) bad(one, "dy is not shaped as x");
    } else {
        take(one, one.reads, CUDNN_ATTR_OPERATION_POINTWISE_XDESC);
        take(one, one.reads, CUDNN_ATTR_OPERATION_POINTWISE_BDESC);
        take(one, one.writes, CUDNN_ATTR_OPERATION_POINTWISE_YDESC);
        const bool binary = mode == CUDNN_POINTWISE_ADD || mode == CUDNN_POINTWISE_MUL || mode == CUDNN_POINTWISE_SUB ||
                            mode == CUDNN_POINTWISE_DIV || mode == CUDNN_POINTWISE_MAX || mode == CUDNN_POINTWISE_MIN;
        if (one.reads.size() != (binary ? 2U : 1U) || one.writes.size() != 1) bad(one, binary ? "it takes x, b and y" : "it takes x and y");
    }
    for (const auto& [name, t] : one.reads)
        if (!broadcasts(t, one.writes[0].second)) bad(one, "an input does not stretch to the output");
}

void read_norm(operation& one) {
    const bool forward = one.kind == CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR;
    if (one.self->integer(forward ? CUDNN_ATTR_OPERATION_NORM_FWD_MODE : CUDNN_ATTR_OPERATION_NORM_BWD_MODE) != CUDNN_BATCH_NORM)
        throw refusal{CUDNN_STATUS_NOT_SUPPORTED, "norm: the virtual GPU knows batch norm"};
    if (forward) {
        const bool training = one.self->integer(CUDNN_ATTR_OPERATION_NORM_FWD_PHASE) == CUDNN_NORM_FWD_TRAINING;
        one.name = training ? "batch_norm_training" : "batch_norm_inference";
        for (const int name :
             {CUDNN_ATTR_OPERATION_NORM_FWD_XDESC, CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_BIAS_DESC,
              CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_EXP_AVG_FACTOR_DESC,
              CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_MEAN_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_VAR_DESC})
            take(one, one.reads, name);
        for (const int name : {CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC})
            take(one, training ? one.writes : one.reads, name);
        for (const int name : {CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_MEAN_DESC,
                               CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_VAR_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_YDESC})
            take(one, one.writes, name);
        if (one.find(CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC) == nullptr ||
            one.find(CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC) == nullptr)
            bad(one, "mean and inverse deviation are needed");
        if (training && one.find(CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC) == nullptr) bad(one, "epsilon is needed");
        const bool running = one.find(CUDNN_ATTR_OPERATION_NORM_FWD_EXP_AVG_FACTOR_DESC) != nullptr;
        for (const int name :
             {CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_MEAN_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_VAR_DESC,
              CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_MEAN_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_VAR_DESC})
            if ((one.find(name) != nullptr) != running) bad(one, "running statistics need all of: factor, both inputs, both outputs");
        const tensor& x = one.at(CUDNN_ATTR_OPERATION_NORM_FWD_XDESC);
        if (x.dims.size() != 4 || one.at(CUDNN_ATTR_OPERATION_NORM_FWD_YDESC).dims != x.dims) bad(one, "y is not shaped as x");
        check_per_channel(one, x,
                          {CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_BIAS_DESC,
                           CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC,
                           CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_MEAN_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_VAR_DESC,
                           CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_MEAN_DESC, CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_VAR_DESC});
        return;
    }
    one.name = "batch_norm_backward";
    for (const int name :
         {CUDNN_ATTR_OPERATION_NORM_BWD_XDESC, CUDNN_ATTR_OPERATION_NORM_BWD_MEAN_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_INV_VARIANCE_DESC,
          CUDNN_ATTR_OPERATION_NORM_BWD_DYDESC, CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_EPSILON_DESC})
        take(one, one.reads, name);
    for (const int name :
         {CUDNN_ATTR_OPERATION_NORM_BWD_DSCALE_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_DBIAS_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_DXDESC})
        take(one, one.writes, name);
    const tensor& x = one.at(CUDNN_ATTR_OPERATION_NORM_BWD_XDESC);
    if (x.dims.size() != 4 || one.at(CUDNN_ATTR_OPERATION_NORM_BWD_DYDESC).dims != x.dims ||
        one.at(CUDNN_ATTR_OPERATION_NORM_BWD_DXDESC).dims != x.dims)
        bad(one, "dy and dx are not shaped as x");
    check_per_channel(
        one, x,
        {CUDNN_ATTR_OPERATION_NORM_BWD_MEAN_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_INV_VARIANCE_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC,
         CUDNN_ATTR_OPERATION_NORM_BWD_DSCALE_DESC, CUDNN_ATTR_OPERATION_NORM_BWD_DBIAS_DESC});
}

}  // namespace

operation read_operation(const descriptor_pointer& self) {
    operation one{self->kind, self, nullptr, kind_name(self->kind), {}, {}};
    switch (self->kind) {
        case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
            one.settings = self->child(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC);
            take(one, one.reads, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X);
            take(one, one.reads, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W);
            take(one, one.writes, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y);
            check_convolution(one, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y);
            break;
        case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
            one.settings = self->child(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC);
            take(one, one.reads, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W);
            take(one, one.reads, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY);
            take(one, one.writes, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX);
            check_convolution(one, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY);
            break;
        case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
            one.settings = self->child(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC);
            take(one, one.reads, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X);
            take(one, one.reads, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY);
            take(one, one.writes, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW);
            check_convolution(one, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY);
            break;
        case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
            one.settings = self->child(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
            read_pointwise(one);
            break;
        case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR: {
            one.settings = self->child(CUDNN_ATTR_OPERATION_REDUCTION_DESC);
            take(one, one.reads, CUDNN_ATTR_OPERATION_REDUCTION_XDESC);
            take(one, one.writes, CUDNN_ATTR_OPERATION_REDUCTION_YDESC);
            const std::int64_t what = one.settings->integer(CUDNN_ATTR_REDUCTION_OPERATOR);
            one.name = what == CUDNN_REDUCE_TENSOR_ADD   ? "reduce_add"
                       : what == CUDNN_REDUCE_TENSOR_AVG ? "reduce_average"
                       : what == CUDNN_REDUCE_TENSOR_MAX ? "reduce_max"
                                                         : "";
            if (one.name.empty())
                throw refusal{CUDNN_STATUS_NOT_SUPPORTED, "reduction: operator " + std::to_string(what) + " is unknown to the virtual GPU"};
            if (!broadcasts(one.writes[0].second, one.reads[0].second)) bad(one, "the output has neither one nor all of a dimension");
            break;
        }
        case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR: {
            one.settings = self->child(CUDNN_ATTR_OPERATION_MATMUL_DESC);
            one.name = "matmul";
            take(one, one.reads, CUDNN_ATTR_OPERATION_MATMUL_ADESC);
            take(one, one.reads, CUDNN_ATTR_OPERATION_MATMUL_BDESC);
            take(one, one.writes, CUDNN_ATTR_OPERATION_MATMUL_CDESC);
            const auto &a = one.reads[0].second.dims, &b = one.reads[1].second.dims, &c = one.writes[0].second.dims;
            if (a.size() != 3 || b.size() != 3 || c.size() != 3) bad(one, "the tensors need three dimensions");
            if (a[2] != b[1] || c[1] != a[1] || c[2] != b[2] || a[0] != c[0] || b[0] != c[0]) bad(one, "the shapes do not fit");
            break;
        }
        case CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR:
        case CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR: {
            const bool forward = self->kind == CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR;
            one.settings = self->child(forward ? CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC : CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DESC);
            const std::int64_t mode = one.settings->integer(CUDNN_ATTR_RESAMPLE_MODE);
            if (mode != CUDNN_RESAMPLE_MAXPOOL && mode != CUDNN_RESAMPLE_AVGPOOL_INCLUDE_PADDING &&
                mode != CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING)
                throw refusal{CUDNN_STATUS_NOT_SUPPORTED, "resample: mode " + std::to_string(mode) + " is unknown to the virtual GPU"};
            one.name = std::string(mode == CUDNN_RESAMPLE_MAXPOOL ? "max_pool_" : "average_pool_") + (forward ? "forward" : "backward");
            if (forward) {
                take(one, one.reads, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC);
                take(one, one.writes, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC);
                take(one, one.writes, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_IDXDESC);
                check_resample(one, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC,
                               CUDNN_ATTR_OPERATION_RESAMPLE_FWD_IDXDESC);
            } else {
                for (const int name : {CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DYDESC, CUDNN_ATTR_OPERATION_RESAMPLE_BWD_IDXDESC,
                                       CUDNN_ATTR_OPERATION_RESAMPLE_BWD_XDESC, CUDNN_ATTR_OPERATION_RESAMPLE_BWD_YDESC})
                    take(one, one.reads, name);
                take(one, one.writes, CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DXDESC);
                check_resample(one, CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DXDESC, CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DYDESC,
                               CUDNN_ATTR_OPERATION_RESAMPLE_BWD_IDXDESC);
            }
            break;
        }
        default: read_norm(one); break;
    }
    return one;
}

std::shared_ptr<const graph> read_graph(const std::vector<descriptor_pointer>& operations) {
    auto whole = std::make_shared<graph>();
    std::vector<operation> waiting;
    std::map<std::int64_t, tensor> seen;
    for (const auto& self : operations) {
        waiting.push_back(read_operation(self));
        const operation& one = waiting.back();
        whole->name += (whole->name.empty() ? "" : "+") + one.name;
        for (const operand_list* list : {&one.reads, &one.writes})
            for (const auto& [name, t] : *list) {
                const auto [at, is_new] = seen.emplace(t.id, t);
                if (!is_new && !(at->second == t))
                    throw refusal{CUDNN_STATUS_BAD_PARAM, "operation graph: two tensors have the id of " + to_string(t)};
                if (is_new && !t.is_virtual) whole->bound.push_back(t);
            }
        for (const auto& [name, t] : one.writes) {
            if (whole->writes(t.id)) throw refusal{CUDNN_STATUS_BAD_PARAM, "operation graph: two operations write tensor " + to_string(t)};
            whole->written.push_back(t.id);
        }
    }
    for (const auto& [id, t] : seen)
        if (t.is_virtual && !whole->writes(id))
            throw refusal{CUDNN_STATUS_BAD_PARAM, "operation graph: nothing writes tensor " + to_string(t)};
    std::vector<std::int64_t> done;
    while (!waiting.empty()) {
        const auto ready = std::find_if(waiting.begin(), waiting.end(), [&](const operation& one) {
            return std::all_of(one.reads.begin(), one.reads.end(), [&](const auto& read) {
                return !whole->writes(read.second.id) || std::find(done.begin(), done.end(), read.second.id) != done.end();
            });
        });
        if (ready == waiting.end())
            throw refusal{CUDNN_STATUS_BAD_PARAM, "operation graph: its operations wait for each other in a circle"};
        for (const auto& [name, t] : ready->writes) done.push_back(t.id);
        whole->operations.push_back(std::move(*ready));
        waiting.erase(ready);
    }
    return whole;
}

}  // namespace vgpu::dnn
