// SPDX-License-Identifier: MIT
// Views on the caller's arrays: slices, and what check() refuses.
#include <strata/data/dataset.hpp>

#include "files.hpp"

#include <limits>
#include <numeric>

using strata::dataset_view;
using test::refusal_of;

namespace {

constexpr strata::shape picture{.height = 2, .width = 3, .channels = 2};  // 12 values

struct arrays {
    std::vector<std::uint8_t> bytes;
    std::vector<float> floats, one_hot;
    std::vector<std::int32_t> labels;

    explicit arrays(int rows)
        : bytes(static_cast<std::size_t>(rows) * 12), floats(bytes.size()), one_hot(static_cast<std::size_t>(rows) * 10) {
        std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
        std::iota(floats.begin(), floats.end(), 0.0f);
        for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
            labels.push_back(static_cast<std::int32_t>(row % 10));
            one_hot[row * 10 + row % 10] = 1.0f;
        }
    }
    dataset_view view() const { return strata::view_of(picture, 10, bytes, labels); }
    dataset_view float_view() const { return strata::view_of(picture, 10, floats, labels); }
    dataset_view one_hot_view() const {
        dataset_view data = view();
        data.labels = {};
        data.one_hot = one_hot;
        return data;
    }
};

}  // namespace

TEST_CASE("a view of bytes scales to the unit interval, a view of floats takes the values as they are") {
    const arrays a(5);
    CHECK(a.view().input == strata::preprocessing{.scale = 1.0f / 255.0f, .offset = 0.0f});
    CHECK(a.float_view().input == strata::preprocessing{.scale = 1.0f, .offset = 0.0f});
    CHECK(a.view().rows() == 5);
    CHECK(a.float_view().rows() == 5);
    CHECK(dataset_view{}.empty());
}

TEST_CASE("a view whose parts fit together passes the check") {
    const arrays a(20);
    CHECK_NOTHROW(a.view().check());
    CHECK_NOTHROW(a.float_view().check());
    CHECK_NOTHROW(a.one_hot_view().check());
}

TEST_CASE("a view with one-hot rows has them in place of class indices, over bytes and over floats") {
    const arrays a(5);
    const dataset_view bytes = strata::view_of_one_hot(picture, 10, a.bytes, a.one_hot);
    const dataset_view floats = strata::view_of_one_hot(picture, 10, a.floats, a.one_hot, {.scale = 2.0f});
    CHECK(
        (bytes.bytes.data() == a.bytes.data() && bytes.floats.empty() && floats.floats.data() == a.floats.data() && floats.bytes.empty()));
    CHECK((bytes.input == strata::bytes_to_unit && floats.input.scale == 2.0f));
    for (const dataset_view& data : {bytes, floats}) {
        CHECK((data.one_hot.data() == a.one_hot.data() && data.labels.empty() && data.rows() == 5 && data.classes == 10));
        CHECK_NOTHROW(data.check());
    }
}

TEST_CASE("a slice is the rows asked for, of pictures and of labels") {
    const arrays a(20);
    const dataset_view bytes = a.view().slice(7, 4), floats = a.float_view().slice(7, 4), one_hot = a.one_hot_view().slice(7, 4);
    CHECK(bytes.rows() == 4);
    CHECK(bytes.bytes.data() == a.bytes.data() + 7 * 12);
    CHECK(bytes.labels.size() == 4);
    CHECK(bytes.labels[0] == 7);
    CHECK(floats.floats.data() == a.floats.data() + 7 * 12);
    CHECK(floats.floats.size() == 4 * 12);
    CHECK(one_hot.one_hot.size() == 4 * 10);
    CHECK(one_hot.one_hot[7] == 1.0f);
    CHECK_NOTHROW(bytes.check());
    CHECK_NOTHROW(one_hot.check());
    CHECK(a.view().slice(20, 0).empty());
    CHECK(a.view().slice(0, 20).rows() == 20);
    CHECK(a.view().slice(5, 10).slice(2, 3).labels[0] == 7);
}

TEST_CASE("a slice beyond the rows is refused, whatever the numbers") {
    const arrays a(20);
    CHECK(refusal_of([&] { return a.view().slice(15, 6); }) == "slice: 6 rows from row 15 are asked for, but there are 20 rows");
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const std::int64_t wrong[][2] = {{-1, 1}, {0, -1}, {21, 0}, {0, 21}, {most, most}, {1, most}, {most, 1}};
    for (const auto& [first, count] : wrong) CHECK_THROWS_AS((void)a.view().slice(first, count), strata::invalid_input);
    dataset_view uneven = a.view();
    uneven.labels = uneven.labels.first(3);
    CHECK_THROWS_AS((void)uneven.slice(0, 2), strata::invalid_input);
}

TEST_CASE("a label outside the classes is refused with its row") {
    arrays a(20);
    a.labels[17] = 12;
    CHECK(refusal_of([&] { a.view().check(); }) == "labels: row 17 has label 12, but there are 10 classes (0 to 9)");
    a.labels[17] = 10;
    CHECK_THROWS_AS(a.view().check(), strata::invalid_input);
    a.labels[3] = -1;
    CHECK(refusal_of([&] { a.view().check(); }) == "labels: row 3 has label -1, but there are 10 classes (0 to 9)");
}

TEST_CASE("sizes that disagree are refused with the numbers") {
    arrays a(20);
    a.labels.pop_back();
    CHECK(refusal_of([&] { a.view().check(); }) == "labels: there are 19, but 20 pictures; give one label per picture");
    CHECK(refusal_of([&] { strata::view_of(picture, 10, a.bytes, {}).check(); }) ==
          "labels: there are 0, but 20 pictures; give one label per picture");
    a.bytes.pop_back();
    CHECK(refusal_of([&] { a.view().check(); }) == "bytes: 239 values are not a whole number of pictures of 12 values (2 x 3 x 2)");
    a.floats.push_back(0.0f);
    CHECK(test::says(refusal_of([&] { a.float_view().check(); }), "floats: 241 values"));
    dataset_view one_hot = arrays(20).view();
    a = arrays(20);
    one_hot = a.one_hot_view();
    one_hot.one_hot = one_hot.one_hot.first(199);
    CHECK(test::says(refusal_of([&] { one_hot.check(); }), "one_hot: there are 199 values, but 20 pictures of 10 classes"));
}

TEST_CASE("what is missing or given twice is refused") {
    const arrays a(20);
    dataset_view data = a.view();
    data.floats = a.floats;
    CHECK(test::says(refusal_of([&] { data.check(); }), "both bytes and floats are given"));
    data = a.view();
    data.one_hot = a.one_hot;
    CHECK(test::says(refusal_of([&] { data.check(); }), "both class indices and one_hot are given"));
    data = a.view();
    data.bytes = {};
    CHECK(test::says(refusal_of([&] { data.check(); }), "pictures: there are none; give bytes or floats of (rows, 2 x 3 x 2)"));
    data = a.view();
    data.classes = 0;
    CHECK(test::says(refusal_of([&] { data.check(); }), "classes: there are 0; give at least 1"));
    data = a.view();
    data.picture.width = 0;
    CHECK(test::says(refusal_of([&] { data.check(); }), "a shape of 2 x 0 x 2 has no pixels"));
    data.picture.width = -3;
    data.picture.height = -2;  // the product would be positive
    CHECK_THROWS_AS(data.check(), strata::invalid_input);
}

TEST_CASE("one-hot values outside 0 to 1 are refused, NaN too") {
    arrays a(20);
    a.one_hot[34] = 1.5f;
    CHECK(test::says(refusal_of([&] { a.one_hot_view().check(); }), "one_hot: row 3 has 1.500000 for class 4; give values from 0 to 1"));
    for (const float bad : {-0.25f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        a.one_hot[34] = bad;
        CHECK_THROWS_AS(a.one_hot_view().check(), strata::invalid_input);
    }
    a.one_hot[34] = 0.25f;  // soft labels are welcome
    CHECK_NOTHROW(a.one_hot_view().check());
}

TEST_CASE("a dataset is seen as a view of its own bytes") {
    const arrays a(20);
    const strata::dataset data{
        .picture = picture, .bytes = a.bytes, .labels = a.labels, .class_names = std::vector<std::string>(10, "name")};
    const dataset_view view = data;
    CHECK(view.bytes.data() == data.bytes.data());
    CHECK(view.classes == 10);
    CHECK(data.rows() == 20);
    CHECK_NOTHROW(view.check());
}
