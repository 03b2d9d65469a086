// SPDX-License-Identifier: MIT
// Histories look as Keras's do.
#include <strata/files/history_file.hpp>

#include <strata/core/error.hpp>
#include <strata/files/json.hpp>

#include <doctest/doctest.h>

#include <support/scratch_folder.hpp>

#include <limits>

namespace {

strata::history two_epochs() {
    strata::history h;
    h.epochs.push_back(
        {.epoch = 0, .loss = 2.25, .accuracy = 0.125, .has_validation = true, .val_loss = 2.5, .val_accuracy = 0.1, .learning_rate = 0.5f});
    h.epochs.push_back({.epoch = 1, .loss = 2, .accuracy = 0.25, .learning_rate = 0.25f});
    return h;
}

}  // namespace

TEST_CASE("history.csv is what CSVLogger writes: epoch, sorted keys, NA for what is missing") {
    CHECK(strata::history_csv(two_epochs()) ==
          "epoch,accuracy,loss,val_accuracy,val_loss\n"
          "0,0.125,2.25,0.1,2.5\n"
          "1,0.25,2,NA,NA\n");
    CHECK(strata::history_csv(two_epochs(), {.learning_rate = true}) ==
          "epoch,accuracy,learning_rate,loss,val_accuracy,val_loss\n"
          "0,0.125,0.5,2.25,0.1,2.5\n"
          "1,0.25,0.25,2,NA,NA\n");
}

TEST_CASE("without validation there are no validation columns, and without epochs only the header") {
    strata::history h = two_epochs();
    h.epochs[0].has_validation = false;
    CHECK(strata::history_csv(h) == "epoch,accuracy,loss\n0,0.125,2.25\n1,0.25,2\n");
    CHECK(strata::history_csv({}) == "epoch,accuracy,loss\n");
}

TEST_CASE("history.json has Keras's keys, a value per epoch, and is JSON even for a NaN") {
    strata::history h = two_epochs();
    h.epochs[1].loss = std::numeric_limits<double>::quiet_NaN();
    const strata::json::value v = strata::json::parse(strata::history_json(h), "history.json");
    CHECK(v.keys == std::vector<std::string>{"accuracy", "loss", "val_accuracy", "val_loss"});
    CHECK(v.find("accuracy")->items[1].number == 0.25);
    CHECK(v.find("loss")->items[1].kind == strata::json::kind::null);
    CHECK(v.find("val_loss")->items[1].kind == strata::json::kind::null);
    CHECK(strata::json::parse(strata::history_json({}), "x").keys.size() == 2);
}

TEST_CASE("both files are written, and a directory that is not there is named") {
    const test::scratch_folder folder;
    strata::save_history(two_epochs(), folder.path());
    CHECK(test::text_of(folder / "history.csv") == strata::history_csv(two_epochs()));
    CHECK(test::text_of(folder / "history.json") == strata::history_json(two_epochs()));
    CHECK(test::has(test::thrown_by<strata::io_error>([&] { strata::save_history(two_epochs(), folder / "none"); }), "none/history.csv"));
}
