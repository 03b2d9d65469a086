// SPDX-License-Identifier: MIT
// The test set.
#include "test_set.hpp"

#include "figures.hpp"

#include <strata/core/finite.hpp>
#include <strata/training/predictor.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace train_cifar10 {

namespace {

constexpr std::int64_t largest_part = 256;  // rows between two questions whether to go on

// -log(softmax(outputs)[label]); outputs are logits, or probabilities when the network ends in softmax.
double loss_of(std::span<const float> outputs, std::size_t label, bool are_probabilities) {
    if (are_probabilities) return -std::log(std::max(static_cast<double>(outputs[label]), 1e-30));
    const auto largest = static_cast<double>(*std::max_element(outputs.begin(), outputs.end()));
    double sum = 0;
    for (const float value : outputs) sum += std::exp(static_cast<double>(value) - largest);
    return largest + std::log(sum) - static_cast<double>(outputs[label]);
}

}  // namespace

std::optional<test_result> run_on_test_set(strata::model& model, const strata::dataset_view& rows, int batch_size,
                                           strata::function_ref<bool(double seconds_left)> go_on) {
    const std::int64_t count = rows.rows();
    const auto classes = static_cast<std::size_t>(model.classes());
    const std::int64_t batch = std::min<std::int64_t>({batch_size, largest_part, count}), part = batch * (largest_part / batch);
    strata::predictor predictor(model, static_cast<int>(batch));
    std::vector<float> outputs(static_cast<std::size_t>(count) * classes);
    const auto began = std::chrono::steady_clock::now();
    for (std::int64_t first = 0; first < count; first += part) {
        const std::int64_t taken = std::min(part, count - first);
        predictor.outputs(rows.slice(first, taken),
                          std::span(outputs).subspan(static_cast<std::size_t>(first) * classes, static_cast<std::size_t>(taken) * classes));
        const std::int64_t done = first + taken;
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        if (done < count && !go_on(seconds * static_cast<double>(count - done) / static_cast<double>(done))) return std::nullopt;
    }

    test_result result{.figures = {.rows = count}, .confusion = strata::confusion_matrix(model.classes())};
    double loss = 0;
    for (std::size_t row = 0; row < static_cast<std::size_t>(count); ++row) {
        const std::span<const float> values = std::span<const float>(outputs).subspan(row * classes, classes);
        const auto best = std::max_element(values.begin(), values.end()) - values.begin();
        const std::int32_t label = rows.labels[row];
        if (!std::all_of(values.begin(), values.end(), [](float value) { return strata::is_finite(value); })) ++result.non_finite_rows;
        loss += loss_of(values, static_cast<std::size_t>(label), predictor.ends_in_softmax());
        result.confusion.add(label, static_cast<int>(best));
    }
    result.figures.loss = loss / static_cast<double>(count);
    result.figures.accuracy = result.confusion.accuracy();
    return result;
}

std::vector<std::string> comparisons(const options& options, const pictures& data, bool only_evaluated) {
    std::vector<std::string> sentences{"Guessing gives 0.1000: there are ten classes."};
    if (data.kind == data_kind::sample) {
        sentences.emplace_back(
            "The sample is 4,000 training and 1,000 test pictures, copied through JPEG: its accuracies are not comparable "
            "with any published for CIFAR-10.");
    } else if (data.kind == data_kind::part && !only_evaluated) {
        sentences.emplace_back(
            "This is a part of CIFAR-10's 50,000 training and 10,000 test rows, so the accuracy is not comparable with "
            "published ones.");
    } else if (data.kind == data_kind::full) {
        const bool same = !only_evaluated && options.epochs == 15 && options.batch_size == 32 && options.validation_split == 0.2 &&
                          options.width == 1.0 && options.learning_rate == 0.001 && options.conventions == "keras";
        sentences.emplace_back(std::string("The tutorial's network in Keras reached 0.7387 on this test set (width 1, 15 epochs, batch 32, "
                                           "validation split 0.2, learning rate 0.001)") +
                               (same             ? ", the same settings as here."
                                : only_evaluated ? "."
                                                 : "; the settings here are others."));
    }
    return sentences;
}

std::string statistics_warning(const strata::model& model, const char* which_accuracy) {
    const double share = model.initial_statistics_share();
    if (share < 0.05) return "";
    std::string sentence = "Batch-norm statistics are still " + percent(share) + " initial values: " + which_accuracy +
                           " accuracy says little yet; train longer";
    if (model.options().conventions.batch_norm_momentum > 0.95f)
        sentence += ", or lower the momentum (" + shortest(static_cast<double>(model.options().conventions.batch_norm_momentum)) +
                    "; --conventions torch has 0.9)";
    return sentence;
}

}  // namespace train_cifar10
