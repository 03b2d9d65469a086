// SPDX-License-Identifier: MIT
// The bundled sample: what it holds, and that a damaged pack is refused, whatever the damage.
#include <examples/data/cifar10_sample.hpp>

#include "../data/files.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

using bytes = std::vector<std::uint8_t>;
using examples::parse_sample;
using examples::sample_part;
using test::refusal_of;
using test::says;

namespace {

void put(bytes& pack, std::size_t number, int size) {
    for (int i = 0; i < size; ++i) pack.push_back(static_cast<std::uint8_t>(number >> 8 * i));
}

// The CRC-32 bit by bit, unlike the table of the decoder.
std::uint32_t crc_of(const bytes& data) {
    std::uint32_t sum = 0xFFFFFFFFu;
    for (const std::uint8_t byte : data) {
        sum ^= byte;
        for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1 ? 0xEDB88320u : 0u);
    }
    return ~sum;
}

bytes sealed(bytes pack) {
    const std::uint32_t sum = crc_of(pack);
    put(pack, sum, 4);
    return pack;
}

// A small pack with the bundled one's header and first pictures, without its checksum.
struct small_pack {
    bytes header;
    std::vector<std::pair<std::uint8_t, bytes>> rows;

    small_pack() {
        const bytes pack = test::read_file(STRATA_SAMPLE);
        std::size_t at = 19 + 12;
        const auto number = [&] {
            at += 2;
            return static_cast<std::size_t>(pack.at(at - 2)) | static_cast<std::size_t>(pack.at(at - 1)) << 8;
        };
        const auto take = [&](std::size_t size) {
            at += size;
            return bytes(pack.begin() + static_cast<std::ptrdiff_t>(at - size), pack.begin() + static_cast<std::ptrdiff_t>(at));
        };
        header = take(number());
        for (int row = 0; row < 5; ++row) {
            const std::uint8_t label = pack.at(at);
            at += 2;
            const std::size_t size = number();
            rows.emplace_back(label, take(size));
        }
    }
    bytes unsealed(std::size_t train, std::size_t test) const {
        bytes pack = test::bytes_of("strata jpeg pack 1\n");
        for (const std::size_t count : {train, test, std::size_t{1}}) put(pack, count, 4);
        put(pack, header.size(), 2);
        pack.insert(pack.end(), header.begin(), header.end());
        for (const auto& [label, scan] : rows) {
            pack.push_back(label);
            pack.push_back(0);
            put(pack, scan.size(), 2);
            pack.insert(pack.end(), scan.begin(), scan.end());
        }
        return pack;
    }
};

std::string refused(const bytes& pack) {
    const auto message = refusal_of([&] { parse_sample(pack, "sample.pack", sample_part::train); });
    CHECK(message.starts_with("sample.pack: "));
    return message;
}

}  // namespace

TEST_CASE("the bundled sample has 4,000 and 1,000 pictures, balanced in every round of ten rows") {
    const auto train = examples::load_sample_train(STRATA_SAMPLE), test = examples::load_sample_test(STRATA_SAMPLE);
    CHECK(train.rows() == 4000);
    CHECK(test.rows() == 1000);
    for (const auto* data : {&train, &test}) {
        CHECK_NOTHROW(data->view().check());
        bool balanced = true;
        for (std::size_t row = 0; row < data->labels.size(); row += 10) {
            auto round = std::vector<std::int32_t>(data->labels.begin() + static_cast<std::ptrdiff_t>(row),
                                                   data->labels.begin() + static_cast<std::ptrdiff_t>(row + 10));
            std::sort(round.begin(), round.end());
            for (int label = 0; label < 10; ++label) balanced = balanced && round[static_cast<std::size_t>(label)] == label;
        }
        CHECK(balanced);
    }
    CHECK(test.class_names == train.class_names);
}

TEST_CASE("the pictures are CIFAR-10's: a horse first, and the known mean of the channels") {
    const auto train = examples::load_sample_train(STRATA_SAMPLE);
    CHECK(train.class_names[static_cast<std::size_t>(train.labels[0])] == "horse");
    double mean[3]{};
    for (std::size_t i = 0; i < train.bytes.size(); ++i) mean[i % 3] += train.bytes[i];
    for (double& value : mean) value /= static_cast<double>(train.bytes.size()) / 3;
    CHECK(mean[0] == doctest::Approx(125.3).epsilon(0.02));  // the means of the whole training set, red, green and blue
    CHECK(mean[1] == doctest::Approx(123.0).epsilon(0.02));
    CHECK(mean[2] == doctest::Approx(113.9).epsilon(0.02));
}

TEST_CASE("the two parts of a pack are told apart by its counts") {
    const small_pack small;
    const bytes pack = sealed(small.unsealed(3, 2));
    const auto train = parse_sample(pack, "", sample_part::train), test = parse_sample(pack, "", sample_part::test);
    CHECK(train.rows() == 3);
    CHECK(test.rows() == 2);
    CHECK(test.labels[1] == small.rows[4].first);
    const auto all = examples::load_sample_train(STRATA_SAMPLE);
    CHECK(std::equal(train.bytes.begin(), train.bytes.end(), all.bytes.begin()));
    CHECK(std::equal(test.bytes.begin(), test.bytes.end(), all.bytes.begin() + 3 * 3072));
}

TEST_CASE("a pack that is cut or flipped anywhere is refused by its checksum") {
    const bytes pack = sealed(small_pack().unsealed(3, 2));
    for (std::size_t size = 0; size < pack.size(); size += 7)
        refused(bytes(pack.begin(), pack.begin() + static_cast<std::ptrdiff_t>(size)));
    for (std::size_t at = 0; at < pack.size(); at += 3) {
        bytes damaged = pack;
        damaged[at] ^= 0x10;
        refused(damaged);
    }
    CHECK(says(refused({}), "the file is empty"));
    CHECK(says(refused(test::bytes_of("a text, but none that a sample of strata begins with")), "this is no sample of strata"));
    bytes damaged = pack;
    damaged[1000] ^= 1;
    CHECK(says(refused(damaged), "the pack is damaged: its checksum differs; take a fresh copy"));
}

TEST_CASE("a pack with a right checksum and wrong content is refused") {
    const small_pack good;
    const auto with = [&](const auto& change) {
        small_pack bad = good;
        change(bad);
        return sealed(bad.unsealed(3, 2));
    };
    CHECK(says(refused(with([](small_pack& p) { p.rows[1].first = 10; })), "row 1 has no such label"));
    CHECK(says(refused(with([](small_pack& p) { p.rows.pop_back(); })), "it ends in the middle of a row"));
    CHECK(says(refused(with([](small_pack& p) { p.rows.push_back(p.rows[0]); })), "bytes follow the last row"));
    CHECK(says(refused(with([](small_pack& p) { p.rows[2].second.resize(40); })), "row 2 is no intact picture ("));
    CHECK(says(refused(with([](small_pack& p) { p.rows[2].second.clear(); })), "row 2 is no intact picture ("));
    CHECK(says(refused(with([](small_pack& p) { p.header.resize(300); })), "row 0 is no intact picture ("));
    CHECK(says(refused(with([](small_pack& p) { p.header = test::bytes_of("no jpeg"); })), "row 0 is no intact picture ("));
    CHECK(says(refused(with([](small_pack& p) {  // 32,544 pixels wide: refused before anything is allocated for it
                   const std::uint8_t frame[] = {0xFF, 0xC0};
                   const auto at = std::search(p.header.begin(), p.header.end(), std::begin(frame), std::end(frame));
                   at[7] = 0x7F;
               })),
               "row 0 is no intact picture (not a 32 x 32 colour picture)"));
    for (const std::size_t huge : {std::size_t{0xFFFFFFFF}, std::size_t{60'001}})
        CHECK(says(refused(sealed(good.unsealed(huge, 2))), "its counts are too large"));
    CHECK(says(refused(sealed(good.unsealed(4, 2))), "it ends in the middle of a row"));
}

TEST_CASE("random damage under a right checksum is refused or decodes to something") {
    const bytes pack = small_pack().unsealed(3, 2);
    test::noise draw(2);
    for (int trial = 0; trial < 500; ++trial) {
        bytes damaged = pack;
        for (std::uint32_t changes = 1 + draw.below(4); changes > 0; --changes)
            damaged[19 + draw.below(damaged.size() - 19)] = static_cast<std::uint8_t>(draw.next());
        try {
            parse_sample(sealed(damaged), "sample.pack", sample_part::train).view().check();
        } catch (const strata::invalid_input& error) { CHECK(std::string(error.what()).find("pack") != std::string::npos); }
    }
}

TEST_CASE("a sample that is missing or a directory is refused with its path") {
    const test::temporary_directory folder;
    CHECK(says(refusal_of([&] { examples::load_sample_train(folder.path("none")); }),
               folder.path("none") + ": the sample cannot be opened ("));
    CHECK(says(refusal_of([&] { examples::load_sample_test(folder.path()); }), folder.path() + ": the sample cannot be read ("));
}
