// SPDX-License-Identifier: MIT
// The safetensors format: what is written reads back, the stored golden files read, and damaged files are refused with a sentence.
#include <strata/files/safetensors.hpp>

#include <strata/core/error.hpp>

#include <doctest/doctest.h>

#include <support/scratch_folder.hpp>

#include <cstdint>
#include <cstring>

namespace safetensors = strata::safetensors;

namespace {

std::vector<std::byte> file_of(const std::string& header, std::size_t values, std::uint64_t length) {
    std::vector<std::byte> bytes(8 + header.size() + values);
    std::memcpy(bytes.data(), &length, 8);
    std::memcpy(bytes.data() + 8, header.data(), header.size());
    return bytes;
}

// What parse says about a file with this header and so many bytes of values.
std::string refusal(const std::string& header, std::size_t values) {
    return test::thrown_by<strata::invalid_input>([&] { safetensors::parse(file_of(header, values, header.size()), "model.safetensors"); });
}

std::string entry(const std::string& name, const std::string& shape, int begin, int end) {
    return "\"" + name + "\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[" + std::to_string(begin) + "," +
           std::to_string(end) + "]}";
}

}  // namespace

TEST_CASE("tensors of every type and metadata read back as they were written") {
    const test::scratch_folder folder;
    const float floats[6] = {1, -2, 3.5f, 0, 5, 6};
    const std::int32_t integers[2] = {-7, 8};
    const std::uint8_t bytes[3] = {0, 128, 255};
    const safetensors::tensor tensors[] = {
        {"c", strata::dtype::u8, {3}, std::as_bytes(std::span(bytes))},
        {"b", strata::dtype::f32, {2, 3}, std::as_bytes(std::span(floats))},
        {"a \"quoted\" \xC3\xA9", strata::dtype::i32, {2}, std::as_bytes(std::span(integers))},
        {"scalar", strata::dtype::f32, {}, std::as_bytes(std::span(floats, 1))},
        {"empty", strata::dtype::f32, {0, 5}, {}},
    };
    safetensors::write(folder / "file", tensors, {{"text", "a\nb"}});
    const auto read = safetensors::read(folder / "file");
    CHECK(read.tensors().size() == 5);
    CHECK(read.floats("b") == std::vector<float>(floats, floats + 6));
    CHECK(read.find("b")->shape == std::vector<std::int64_t>{2, 3});
    CHECK(read.integers("a \"quoted\" \xC3\xA9") == std::vector<std::int32_t>{-7, 8});
    CHECK(read.bytes("c") == std::vector<std::uint8_t>{0, 128, 255});
    CHECK(read.floats("scalar") == std::vector<float>{1});
    CHECK(read.floats("empty").empty());
    CHECK(*read.find_metadata("text") == "a\nb");
    CHECK(read.find_metadata("none") == nullptr);
    CHECK(read.find("none") == nullptr);
}

TEST_CASE("values begin at a multiple of 8 bytes, and the order of the arguments does not matter") {
    const test::scratch_folder folder;
    const float values[2] = {1, 2};
    const auto at = [&](int i) { return std::as_bytes(std::span(values + i, 1)); };
    const safetensors::tensor a{"a", strata::dtype::f32, {1}, at(0)}, b{"b", strata::dtype::f32, {1}, at(1)};
    safetensors::write(folder / "ab", std::vector{a, b});
    safetensors::write(folder / "ba", std::vector{b, a});
    const std::string text = test::text_of(folder / "ab");
    CHECK(text == test::text_of(folder / "ba"));
    CHECK(text.size() % 8 == 0);
    CHECK(static_cast<unsigned char>(text[0]) % 8 == 0);
}

TEST_CASE("the golden files, written by the format's own library, read") {
    for (const char* name : {"keras", "torch"}) {
        const auto golden = safetensors::read(std::string(STRATA_GOLDEN_DIR) + "/" + name + ".safetensors");
        CHECK(golden.tensors().size() > 100);
        CHECK_FALSE(golden.metadata().empty());
        CHECK(golden.bytes("step0/pictures").size() == 6 * 32 * 32 * 3);
        CHECK(golden.integers("step0/labels").size() == 6);
        CHECK(golden.floats("step0/loss").size() == 1);
        CHECK(golden.find("step0/before/conv2d_1.weight")->shape == std::vector<std::int64_t>{6, 5, 5, 4});
    }
}

TEST_CASE("a name or a type that is not there is refused when it is asked for") {
    const std::string header = "{" + entry("a", "[2]", 0, 8) + "}";
    const auto file = safetensors::parse(file_of(header, 8, header.size()), "f");
    CHECK(test::thrown_by<strata::invalid_input>([&] { (void)file.floats("b"); }) == "f: there is no tensor \"b\"");
    CHECK(test::has(test::thrown_by<strata::invalid_input>([&] { (void)file.integers("a"); }), "it is F32, and I32 is needed"));
}

TEST_CASE("a file that is too short, or of another kind, is refused") {
    const auto said = [](std::vector<std::byte> bytes) {
        return test::thrown_by<strata::invalid_input>([&] { safetensors::parse(std::move(bytes), "model.safetensors"); });
    };
    CHECK(test::has(said({}), "model.safetensors: not a safetensors file: it has only 0 bytes"));
    CHECK(test::has(said(file_of("{}", 0, 3)), "truncated"));
    CHECK(test::has(said(file_of("{}", 0, UINT64_MAX)), "truncated"));
    CHECK(test::has(said(file_of("{}", 0, UINT64_MAX - 7)), "truncated"));
    CHECK(test::has(refusal("", 0), "not a JSON object"));
    CHECK(test::has(refusal("[1]", 0), "not a JSON object"));
    CHECK(test::has(refusal("{\"a\":", 0), "not valid JSON"));
    std::vector<std::byte> picture(100, std::byte{0x89});
    CHECK(test::has(said(picture), "not a safetensors file"));
}

TEST_CASE("an entry that does not fit the file is refused by the tensor's name") {
    CHECK(test::has(refusal("{\"a\":1}", 0), "tensor \"a\": its entry is not an object"));
    CHECK(test::has(refusal("{\"a\":{}}", 0), "it has no dtype"));
    CHECK(test::has(refusal(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", 8), "\"F64\" is not one of"));
    CHECK(test::has(refusal(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", 8), "it has no shape"));
    CHECK(test::has(refusal("{" + entry("a", "[-1]", 0, 8) + "}", 8), "not made of counts"));
    CHECK(test::has(refusal("{" + entry("a", "[1.5]", 0, 8) + "}", 8), "not made of counts"));
    CHECK(test::has(refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", 8), "no data_offsets"));
    CHECK(test::has(refusal("{" + entry("a", "[2]", 0, 8) + "}", 7), "outside the 7 bytes"));
    CHECK(test::has(refusal("{" + entry("a", "[2]", 8, 0) + "}", 8), "outside"));
    CHECK(test::has(refusal("{" + entry("a", "[3]", 0, 8) + "}", 8), "do not explain its 8 bytes"));
    CHECK(test::has(refusal("{" + entry("a", "[4294967296,4294967296,2]", 0, 8) + "}", 8), "do not explain"));  // 2^67 bytes: overflow
    CHECK(test::has(refusal("{\"__metadata__\":[]}", 0), "__metadata__ is not an object"));
    CHECK(test::has(refusal("{\"__metadata__\":{\"a\":1}}", 0), "\"a\" is not text"));
}

TEST_CASE("tensors that overlap, leave holes, come twice or end before the file are refused") {
    CHECK(refusal("{" + entry("a", "[1]", 0, 4) + "," + entry("b", "[1]", 4, 8) + "}", 8).empty());
    CHECK(test::has(refusal("{" + entry("a", "[2]", 0, 8) + "," + entry("b", "[1]", 4, 8) + "}", 8), "overlap"));
    CHECK(test::has(refusal("{" + entry("a", "[1]", 0, 4) + "," + entry("b", "[1]", 0, 4) + "}", 4), "overlap"));
    CHECK(test::has(refusal("{" + entry("a", "[1]", 0, 4) + "," + entry("b", "[1]", 8, 12) + "}", 12), "belong to no tensor"));
    CHECK(test::has(refusal("{" + entry("a", "[1]", 0, 4) + "}", 6), "2 bytes that belong to none"));
    CHECK(test::has(refusal("{" + entry("a", "[1]", 0, 4) + "," + entry("a", "[1]", 4, 8) + "}", 8), "\"a\" is there twice"));
}

TEST_CASE("a file cut anywhere is refused, and never read as something else") {
    const test::scratch_folder folder;
    const float values[3] = {1, 2, 3};
    safetensors::write(folder / "file", std::vector{safetensors::tensor{"a", strata::dtype::f32, {3}, std::as_bytes(std::span(values))}});
    const std::string whole = test::text_of(folder / "file");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        std::vector<std::byte> bytes(size);
        if (size > 0) std::memcpy(bytes.data(), whole.data(), size);
        CHECK_THROWS_AS(safetensors::parse(bytes, "f"), strata::invalid_input);
    }
}

TEST_CASE("writing refuses a name twice and bytes that the shape does not explain, and writes nothing") {
    const test::scratch_folder folder;
    const float values[2] = {1, 2};
    const safetensors::tensor a{"a", strata::dtype::f32, {2}, std::as_bytes(std::span(values))};
    const safetensors::tensor wrong{"w", strata::dtype::f32, {3}, std::as_bytes(std::span(values))};
    CHECK_THROWS_AS(safetensors::write(folder / "file", std::vector{a, a}), strata::invalid_input);
    CHECK_THROWS_AS(safetensors::write(folder / "file", std::vector{wrong}), strata::invalid_input);
    CHECK_THROWS_AS(safetensors::write(folder / "file", std::vector{a}, {{"k", "1"}, {"k", "2"}}), strata::invalid_input);
    CHECK(folder.names().empty());
}

TEST_CASE("a file of 50 GB is refused by its header, before there is memory for it") {
    const test::scratch_folder folder;
    const auto said = [&](const std::string& name) {
        std::filesystem::resize_file(folder / name, std::uintmax_t{50} << 30);  // takes no room on the disk
        return test::thrown_by<strata::invalid_input>([&] { safetensors::read(folder / name); });
    };
    test::put(folder / "empty", "");
    CHECK(test::has(said("empty"), "not a JSON object"));
    test::put(folder / "text", std::string(100, 'x'));
    CHECK(test::has(said("text"), "its header is longer than the file"));
    const float values[3] = {1, 2, 3};
    safetensors::write(folder / "model", std::vector{safetensors::tensor{"a", strata::dtype::f32, {3}, std::as_bytes(std::span(values))}});
    CHECK(test::has(said("model"), "bytes that belong to none: the file is too long"));
}
