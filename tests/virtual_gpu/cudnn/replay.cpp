// SPDX-License-Identifier: MIT
// Replays a recording of backend calls (recording.hpp writes them) against the real cuDNN, on a machine that need not have a GPU:
// the GPU is a described one, given as a JSON file. Every status must be the recorded one. Engines that cuDNN compiles at run time need
// the stand-in libcuda.so.1 first on the library path.
//   replay --cudnn LIBRARY --device FILE... [--probe] RECORDING...        --probe prints each call's status and text and compares nothing
// Where the recording took an engine config from heuristics, real cuDNN may offer others: a plan agrees when one of those offered, with
// the same TENSOR_CORE and DOWN_CONVERT_INPUTS notes where the graph has a convolution, finalizes.
#include <cudnn_backend.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <functional>
#include <map>
#include <set>
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
    session(const library& real, const std::map<int, std::string>& devices, bool probe) : real_(real), devices_(devices), probe_(probe) {}

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
            else if (verb == "gpu") gpu(words);
            else if (verb == "finalize") finalize(words);
            else if (verb == "destroy") destroy(words);
            else throw std::runtime_error(path + ":" + std::to_string(line_) + ": unknown verb " + verb);
        }
        std::printf(
            "%s: %d calls compared, %d differ; %d plans, %d of them distinct; %d calls not replayed (what real cuDNN does not check, other "
            "GPUs, plans as JSON)\n",
            path.c_str(), calls_, differ_, plans_, distinct_plans_, skipped_);
        return differ_;
    }

private:
    struct slot {
        cudnnBackendDescriptor_t raw = nullptr;
        int kind = -1;
        std::string key;        // what it is made of, for telling graphs apart
        bool skipped = false;   // cannot be replayed: nothing that it leads to can
        bool convolution = false;  // its notes matter: they say how precise it is
        cudnnBackendDescriptor_t own = nullptr;  // the described device in place of the machine's own
        std::vector<cudnnBackendDescriptor_t> candidates;  // of a config: what real cuDNN offers in its place
    };

    void compare(int expected, cudnnStatus_t actual) {
        ++calls_;
        const bool differs = expected != static_cast<int>(actual);
        if (differs) ++differ_;
        if (probe_) std::printf("%-60s -> %d %s\n", text_.c_str(), actual, actual == CUDNN_STATUS_SUCCESS ? "" : real_.text().c_str());
        else if (differs)
            std::printf("line %d: %s\n    recorded %d, real %d %s\n", line_, text_.c_str(), expected, actual,
                        actual == CUDNN_STATUS_SUCCESS ? "" : real_.text().c_str());
    }
    void differ(const std::string& why) {
        ++differ_;
        std::printf("line %d: %s\n    %s\n", line_, text_.c_str(), why.c_str());
    }
    static std::string bare(const std::string& word) { return word[0] == '@' ? word.substr(1) : word; }
    slot& at(const std::string& word) { return slots_[bare(word)]; }

    void create(std::istringstream& words) {
        std::string name;
        int kind = 0, expected = 0;
        words >> name >> kind >> expected;
        slot& one = slots_[name] = slot{};
        one.kind = kind;
        one.key = "k" + std::to_string(kind);
        compare(expected, real_.create(static_cast<cudnnBackendDescriptorType_t>(kind), &one.raw));
    }
    std::vector<char> values(std::istringstream& words, int type, bool& null, slot& target) {
        std::vector<char> bytes;
        std::string word;
        while (words >> word) {
            if (word == "null") {
                null = true;
                continue;
            }
            if (word[0] == '@') {
                slot& child = at(word);
                append(bytes, child.raw);
                target.key += "(" + std::to_string(std::hash<std::string>()(child.key)) + ")";
                const int kind = child.kind;
                target.convolution = target.convolution || child.convolution ||
                                     kind == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR ||
                                     kind == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR ||
                                     kind == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR;
                if (child.skipped) target.skipped = true;
                continue;
            }
            if (type != CUDNN_TYPE_VOID_PTR) target.key += ' ' + word;
            switch (type) {
                case CUDNN_TYPE_INT64:
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
        std::string name;
        int attribute = 0, type = 0, expected = 0;
        std::int64_t count = 0;
        words >> name >> attribute >> type >> count >> expected;
        slot& target = slots_[name];
        if (expected == CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE || expected == CUDNN_STATUS_BAD_PARAM_NULL_POINTER) {
            ++skipped_;  // real cuDNN takes a child of any kind for what it should be
            return;
        }
        bool null = false;
        target.key += " a" + std::to_string(attribute);
        const std::vector<char> bytes = values(words, type, null, target);
        if (attribute == CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION) target.skipped = true;
        if (target.skipped || (type == CUDNN_TYPE_HANDLE && expected == 0)) {  // a handle is an own GPU: see gpu()
            ++skipped_;
            return;
        }
        if (attribute == CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG && target.kind == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
            for (auto& [other, config] : slots_)
                if (!bytes.empty() && std::memcmp(&config.raw, bytes.data(), sizeof config.raw) == 0) target.candidates = config.candidates;
        compare(expected, real_.set(target.raw, static_cast<cudnnBackendAttributeName_t>(attribute),
                                    static_cast<cudnnBackendAttributeType_t>(type), count, null ? nullptr : bytes.data()));
    }
    /// The described device of a compute capability, in place of the machine's own GPU.
    cudnnBackendDescriptor_t described(int capability) {
        cudnnBackendDescriptor_t& made = described_[capability];
        const auto json = devices_.find(capability);
        if (made != nullptr || json == devices_.end()) return made;
        real_.create(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &made);
        real_.set(made, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, static_cast<std::int64_t>(json->second.size()),
                  json->second.data());
        if (real_.finalize(made) != CUDNN_STATUS_SUCCESS) throw std::runtime_error("the described device: " + real_.text());
        return made;
    }
    void gpu(std::istringstream& words) {
        std::string name;
        int capability = 0;
        words >> name >> capability;
        slot& target = slots_[name];
        target.key += " gpu" + std::to_string(capability);
        if (devices_.count(capability) == 0) target.skipped = true;
        if (target.skipped || target.raw == nullptr) return;
        if (target.kind == CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR) {
            const std::string& json = devices_.at(capability);
            real_.set(target.raw, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, static_cast<std::int64_t>(json.size()),
                      json.data());
            return;
        }
        cudnnBackendDescriptor_t device = described(capability);
        real_.set(
            target.raw,
            target.kind == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR ? CUDNN_ATTR_ENGINEHEUR_DEVICEPROP : CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP,
            CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &device);
        target.own = device;
    }
    void finalize(std::istringstream& words) {
        std::string name;
        int expected = 0;
        words >> name >> expected;
        slot& target = slots_[name];
        if (target.skipped || expected == CUDNN_STATUS_INTERNAL_ERROR) {  // an error on demand
            ++skipped_;
            return;
        }
        if (target.kind != CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR || expected != CUDNN_STATUS_SUCCESS) {
            compare(expected, real_.finalize(target.raw));
            return;
        }
        ++plans_;
        if (!finalized_.insert(target.key).second) {  // a second finalizing may fail in NVRTC on a machine without a driver
            target.skipped = true;
            ++skipped_;
            return;
        }
        ++distinct_plans_;
        cudnnStatus_t status = real_.finalize(target.raw);
        for (std::size_t i = 0; status != CUDNN_STATUS_SUCCESS && i < target.candidates.size(); ++i) {  // another engine for the same
            cudnnBackendDescriptor_t again = nullptr;
            real_.create(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &again);
            real_.set(again, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &target.candidates[i]);
            if (target.own != nullptr)
                real_.set(again, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &target.own);
            status = real_.finalize(again);
            target.raw = again;
        }
        compare(expected, status);
    }
    bool noted(cudnnBackendDescriptor_t config) {
        cudnnBackendDescriptor_t engine = nullptr;
        real_.create(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine);
        std::int64_t count = 0;
        cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT] = {};
        real_.get(config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &engine);
        real_.get(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &count, notes);
        bool found = false;
        for (std::int64_t i = 0; i < count; ++i)
            found = found || notes[i] == CUDNN_NUMERICAL_NOTE_TENSOR_CORE || notes[i] == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
        return found;
    }
    /// The configs that heuristics gave in the recording, each with a real one of the same notes in its place.
    void results(slot& heuristics, int expected, std::int64_t given, std::istringstream& words) {
        std::vector<std::string> names;
        std::vector<bool> flags;
        std::string word;
        while (words >> word && word != "flags") names.push_back(bare(word));
        while (words >> word) flags.push_back(word == "1");
        constexpr std::size_t most = 64;
        std::vector<cudnnBackendDescriptor_t> offered(most);
        for (auto& one : offered) real_.create(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &one);
        std::int64_t count = 0;
        compare(expected,
                real_.get(heuristics.raw, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, most, &count, offered.data()));
        if (expected != 0) return;
        if ((given == 0) != (count == 0)) differ("recorded " + std::to_string(given) + " engine configs, real " + std::to_string(count));
        offered.resize(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < names.size(); ++i) {
            slot& config = slots_[names[i]];
            if (i >= flags.size()) continue;  // not filled
            for (const auto one : offered)
                if (noted(one) == flags[i]) config.candidates.push_back(one);
            const bool matters = heuristics.convolution;
            if (config.candidates.empty() && matters)
                differ(std::string("real cuDNN offers no engine that is") + (flags[i] ? "" : " not") +
                       " noted TENSOR_CORE or DOWN_CONVERT_INPUTS");
            if (config.candidates.empty()) config.candidates = offered;
            if (config.candidates.empty()) {
                config.skipped = true;
                continue;
            }
            config.key = heuristics.key + (flags[i] ? " noted" : " strict");
            config.raw = config.candidates[i % config.candidates.size()];
        }
    }
    void get(std::istringstream& words) {
        std::string name, word;
        int attribute = 0, type = 0, expected = 0;
        std::int64_t requested = 0, count = 0;
        words >> name >> attribute >> type >> requested >> expected >> count;
        slot& source = slots_[name];
        if (source.skipped) {
            ++skipped_;
            while (words >> word)
                if (word[0] == '@') at(word).skipped = true;
            return;
        }
        if (attribute == CUDNN_ATTR_ENGINEHEUR_RESULTS && requested > 0 && !probe_) return results(source, expected, count, words);
        std::vector<cudnnBackendDescriptor_t> out;
        std::vector<char> bytes(static_cast<std::size_t>(requested > 0 ? requested : 0) * 16 + 16);
        if (attribute == CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION && requested > 0)
            bytes.resize(1 << 22), requested = 1 << 22;  // theirs is longer
        void* target = bytes.data();
        if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
            while (words >> word) out.push_back(at(word).raw);
            target = out.empty() ? nullptr : out.data();
        }
        if (requested == 0) target = nullptr;
        std::int64_t got = -1;
        compare(expected, real_.get(source.raw, static_cast<cudnnBackendAttributeName_t>(attribute),
                                    static_cast<cudnnBackendAttributeType_t>(type), requested, &got, target));
        if (!probe_) return;
        std::printf("    count %lld", static_cast<long long>(got));
        if (type == CUDNN_TYPE_INT64 && requested > 0)
            for (std::int64_t i = 0; i < got && i < requested; ++i)
                std::printf(" %lld", static_cast<long long>(reinterpret_cast<std::int64_t*>(bytes.data())[i]));
        if (type == CUDNN_TYPE_NUMERICAL_NOTE || type == CUDNN_TYPE_BEHAVIOR_NOTE)
            for (std::int64_t i = 0; i < got && i < requested; ++i) std::printf(" %d", reinterpret_cast<std::int32_t*>(bytes.data())[i]);
        if (type == CUDNN_TYPE_CHAR && requested > 0) std::printf(" %.600s", bytes.data());
        std::printf("\n");
    }
    void destroy(std::istringstream& words) {  // the real ones are kept: others may stand in for several
        std::string name;
        words >> name;
        ++skipped_;
    }

    const library& real_;
    const std::map<int, std::string>& devices_;
    bool probe_;
    std::map<std::string, slot> slots_;
    std::map<int, cudnnBackendDescriptor_t> described_;
    std::set<std::string> finalized_;
    std::string text_;
    int line_ = 0, calls_ = 0, differ_ = 0, plans_ = 0, distinct_plans_ = 0, skipped_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    std::string cudnn = "libcudnn.so.9";
    std::map<int, std::string> devices;  // by compute capability
    bool probe = false;
    std::vector<std::string> recordings;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--cudnn" && i + 1 < argc) cudnn = argv[++i];
        else if (word == "--device" && i + 1 < argc) {
            const std::string json = whole_file(argv[++i]);
            devices[std::stoi(json.substr(json.find(':', json.find("\"deviceVer\"")) + 1)) / 10] = json;
        } else if (word == "--probe") probe = true;
        else recordings.push_back(word);
    }
    const library real(cudnn);
    int differ = 0;
    for (const std::string& recording : recordings) differ += session(real, devices, probe).run(recording);
    return differ == 0 ? 0 : 1;
} catch (const std::exception& e) {
    std::fprintf(stderr, "replay: %s\n", e.what());
    return 2;
}
