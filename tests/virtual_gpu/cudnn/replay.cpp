// SPDX-License-Identifier: MIT
// Replays a recording of backend calls (recording.hpp writes them) against the real cuDNN, on a machine that need not have a GPU:
// the GPU is a described one, given as a JSON file. Every status must be the recorded one. Engines that cuDNN compiles at run time need
// the stand-in libcuda.so.1 first on the library path.
//   replay --cudnn LIBRARY --device FILE [--probe] RECORDING...        --probe prints each call's status and text and compares nothing
// Where the recording took an engine config from heuristics, real cuDNN may offer others: a plan agrees when one of those offered, with
// the same TENSOR_CORE and DOWN_CONVERT_INPUTS notes where the graph has a convolution, finalizes.
#include <cudnn_backend.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct library {
    decltype(&cudnnBackendCreateDescriptor) create = nullptr;
    decltype(&cudnnBackendDestroyDescriptor) destroy = nullptr;
    decltype(&cudnnBackendSetAttribute) set = nullptr;
    decltype(&cudnnBackendGetAttribute) get = nullptr;
    decltype(&cudnnBackendFinalize) finalize = nullptr;
    decltype(&cudnnGetLastErrorString) last_error = nullptr;

    explicit library(const std::string& path) {
        void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
        if (handle == nullptr) throw std::runtime_error(dlerror());
        const auto find = [&](auto& function, const char* name) {
            function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
            if (function == nullptr) throw std::runtime_error(path + " has no " + name);
        };
        find(create, "cudnnBackendCreateDescriptor"), find(destroy, "cudnnBackendDestroyDescriptor"), find(set, "cudnnBackendSetAttribute");
        find(get, "cudnnBackendGetAttribute"), find(finalize, "cudnnBackendFinalize"), find(last_error, "cudnnGetLastErrorString");
    }
    std::string text() const {
        char message[2048] = {};
        last_error(message, sizeof message);
        std::string whole = message;
        for (char& c : whole)
            if (c == '\n') c = ' ';
        return whole;
    }
};

std::string whole_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

template <class T>
void append(std::vector<char>& bytes, T value) {
    bytes.insert(bytes.end(), reinterpret_cast<const char*>(&value), reinterpret_cast<const char*>(&value) + sizeof value);
}

class session {
public:
    session(const library& real, std::string device, bool probe) : real_(real), device_(std::move(device)), probe_(probe) {}

    int run(const std::string& path) {
        std::ifstream file(path);
        if (!file) throw std::runtime_error("cannot read " + path);
        std::string line;
        for (line_ = 1; std::getline(file, line); ++line_) {
            std::istringstream words(line);
            std::string verb;
            if (!(words >> verb) || verb[0] == '#') continue;
            text_ = line.substr(0, 160);
            if (verb == "create") create(words);
            else if (verb == "set") set(words);
            else if (verb == "get") get(words);
            else if (verb == "finalize") finalize(words);
            else if (verb == "destroy") destroy(words);
            else throw std::runtime_error(path + ":" + std::to_string(line_) + ": unknown verb " + verb);
        }
        for (auto& [slot, descriptor] : slots_)
            if (descriptor != nullptr) real_.destroy(descriptor);
        std::printf("%s: %d calls, %d differ\n", path.c_str(), calls_, differ_);
        return differ_;
    }

private:
    using slot_map = std::map<std::string, cudnnBackendDescriptor_t>;

    void compare(int expected, cudnnStatus_t actual) {
        ++calls_;
        const bool differs = expected != static_cast<int>(actual);
        if (differs) ++differ_;
        if (probe_) std::printf("%-60s -> %d %s\n", text_.c_str(), actual, actual == CUDNN_STATUS_SUCCESS ? "" : real_.text().c_str());
        else if (differs)
            std::printf("line %d: %s\n    recorded %d, real %d %s\n", line_, text_.c_str(), expected, actual,
                        actual == CUDNN_STATUS_SUCCESS ? "" : real_.text().c_str());
    }
    cudnnBackendDescriptor_t descriptor(const std::string& word) {
        if (word == "@null") return nullptr;
        const auto found = slots_.find(word.substr(word[0] == '@' ? 1 : 0));
        return found == slots_.end() ? nullptr : found->second;
    }
    void create(std::istringstream& words) {
        std::string slot;
        int kind = 0, expected = 0;
        words >> slot >> kind >> expected;
        cudnnBackendDescriptor_t made = nullptr;
        compare(expected, real_.create(static_cast<cudnnBackendDescriptorType_t>(kind), &made));
        slots_[slot] = made;
        kinds_[slot] = kind;
    }
    std::vector<char> values(std::istringstream& words, int type, bool& null) {
        std::vector<char> bytes;
        std::string word;
        while (words >> word) {
            if (word == "null") {
                null = true;
                continue;
            }
            if (word[0] == '@') {
                append(bytes, descriptor(word));
                continue;
            }
            switch (type) {
                case CUDNN_TYPE_INT64: append(bytes, static_cast<std::int64_t>(std::stoll(word))); break;
                case CUDNN_TYPE_FRACTION: append(bytes, static_cast<std::int64_t>(std::stoll(word))); break;
                case CUDNN_TYPE_DOUBLE: append(bytes, std::stod(word)); break;
                case CUDNN_TYPE_FLOAT: append(bytes, std::stof(word)); break;
                case CUDNN_TYPE_BOOLEAN: append(bytes, word != "0"); break;
                case CUDNN_TYPE_VOID_PTR: append(bytes, static_cast<std::uintptr_t>(std::stoull(word, nullptr, 0))); break;
                case CUDNN_TYPE_HANDLE: append(bytes, static_cast<void*>(nullptr)); break;
                case CUDNN_TYPE_CHAR:
                    for (std::size_t i = 0; i + 1 < word.size(); i += 2)
                        bytes.push_back(static_cast<char>(std::stoi(word.substr(i, 2), nullptr, 16)));
                    break;
                default: append(bytes, static_cast<std::int32_t>(std::stol(word))); break;
            }
        }
        return bytes;
    }
    void set(std::istringstream& words) {
        std::string slot;
        int attribute = 0, type = 0, expected = 0;
        std::int64_t count = 0;
        words >> slot >> attribute >> type >> count >> expected;
        bool null = false;
        std::vector<char> bytes = values(words, type, null);
        auto name = static_cast<cudnnBackendAttributeName_t>(attribute);
        if (type == CUDNN_TYPE_HANDLE && expected == 0) {  // a device of its own: here it is the described one
            if (attribute == CUDNN_ATTR_DEVICEPROP_HANDLE) {
                compare(expected, real_.set(slots_[slot], CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                                            static_cast<std::int64_t>(device_.size()), device_.data()));
            } else if (attribute == CUDNN_ATTR_EXECUTION_PLAN_HANDLE) {
                cudnnBackendDescriptor_t properties = described();
                compare(expected,
                        real_.set(slots_[slot], CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &properties));
            }
            return;
        }
        if (attribute == CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG && !bytes.empty())
            std::memcpy(&config_of_[slot], bytes.data(), sizeof(void*));
        compare(expected,
                real_.set(slots_[slot], name, static_cast<cudnnBackendAttributeType_t>(type), count, null ? nullptr : bytes.data()));
    }
    cudnnBackendDescriptor_t described() {
        if (described_ != nullptr) return described_;
        real_.create(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &described_);
        real_.set(described_, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, static_cast<std::int64_t>(device_.size()),
                  device_.data());
        if (real_.finalize(described_) != CUDNN_STATUS_SUCCESS) throw std::runtime_error("the described device: " + real_.text());
        return described_;
    }
    void finalize(std::istringstream& words) {
        std::string slot;
        int expected = 0;
        words >> slot >> expected;
        compare(expected, real_.finalize(slots_[slot]));
    }
    void get(std::istringstream& words) {
        std::string slot, word;
        int attribute = 0, type = 0, expected = 0;
        std::int64_t requested = 0, count = 0;
        words >> slot >> attribute >> type >> requested >> expected >> count;
        std::vector<cudnnBackendDescriptor_t> out;
        std::vector<char> bytes(static_cast<std::size_t>(requested > 0 ? requested : 0) * 16 + 16);
        void* target = bytes.data();
        if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
            while (words >> word) out.push_back(descriptor(word));
            target = out.empty() ? nullptr : out.data();
        }
        if (requested == 0) target = nullptr;
        std::int64_t got = -1;
        const cudnnStatus_t status = real_.get(slots_[slot], static_cast<cudnnBackendAttributeName_t>(attribute),
                                               static_cast<cudnnBackendAttributeType_t>(type), requested, &got, target);
        compare(expected, status);
        if (probe_) {
            std::printf("    count %lld", static_cast<long long>(got));
            if (type == CUDNN_TYPE_INT64 && requested > 0)
                for (std::int64_t i = 0; i < got && i < requested; ++i)
                    std::printf(" %lld", static_cast<long long>(reinterpret_cast<std::int64_t*>(bytes.data())[i]));
            if (type == CUDNN_TYPE_NUMERICAL_NOTE || type == CUDNN_TYPE_BEHAVIOR_NOTE)
                for (std::int64_t i = 0; i < got && i < requested; ++i)
                    std::printf(" %d", reinterpret_cast<std::int32_t*>(bytes.data())[i]);
            if (type == CUDNN_TYPE_CHAR && requested > 0) std::printf(" %.600s", bytes.data());
            std::printf("\n");
        }
    }
    void destroy(std::istringstream& words) {
        std::string slot;
        int expected = 0;
        words >> slot >> expected;
        compare(expected, real_.destroy(slots_[slot]));
        slots_[slot] = nullptr;
    }

    const library& real_;
    std::string device_;
    bool probe_;
    slot_map slots_;
    std::map<std::string, int> kinds_;
    std::map<std::string, cudnnBackendDescriptor_t> config_of_;
    cudnnBackendDescriptor_t described_ = nullptr;
    std::string text_;
    int line_ = 0, calls_ = 0, differ_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    std::string cudnn = "libcudnn.so.9", device;
    bool probe = false;
    std::vector<std::string> recordings;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--cudnn" && i + 1 < argc) cudnn = argv[++i];
        else if (word == "--device" && i + 1 < argc) device = whole_file(argv[++i]);
        else if (word == "--probe") probe = true;
        else recordings.push_back(word);
    }
    const library real(cudnn);
    int differ = 0;
    for (const std::string& recording : recordings) differ += session(real, device, probe).run(recording);
    return differ == 0 ? 0 : 1;
} catch (const std::exception& e) {
    std::fprintf(stderr, "replay: %s\n", e.what());
    return 2;
}
