// SPDX-License-Identifier: MIT
// A whole program: a network as a type, trained on CIFAR-10's binary files, saved, and used for one picture.
//   first_network cifar-10-batches-bin [epochs]
#include <strata/cpu.hpp>
#include <strata/files/model_file.hpp>

#include <cstdio>
#include <cstdlib>

struct tiny : strata::network<strata::shape{32, 32, 3}, strata::conv2d<32, strata::same(3)>, strata::relu, strata::max_pool2d<3, 2>,
                              strata::batch_norm, strata::flatten, strata::named<"head", strata::dense<10>>> {};

int main(int count, char** words) try {
    const char* directory = count > 1 ? words[1] : "cifar-10-batches-bin";
    const int epochs = count > 2 ? std::atoi(words[2]) : 15;
    const auto train = strata::cifar10::load_train(directory);
    const auto test = strata::cifar10::load_test(directory);

    const strata::device device = strata::cpu::open();
    std::printf("%s\n", device.name().c_str());
    strata::model model(strata::view<tiny>(), device);
    strata::trainer trainer(model, strata::adam{.learning_rate = 1e-3f});
    trainer.fit(train, {.epochs = epochs, .batch_size = 32, .validation_split = 0.2}, [](const strata::epoch_result& e) {
        std::printf("epoch %d: accuracy %.3f, validation %.3f\n", e.epoch + 1, e.accuracy, e.val_accuracy);
        return e.val_accuracy > 0.9 ? strata::flow::stop : strata::flow::go_on;
    });
    std::printf("test accuracy %.3f\n", trainer.evaluate(test).accuracy);

    strata::save_model(model, "tiny.safetensors", {.class_names = train.class_names});
    strata::predictor predict(model);
    const int best = predict.classes(test.view().slice(0, 1))[0];
    std::printf("the first test picture is taken for: %s\n", test.class_names[static_cast<std::size_t>(best)].c_str());
} catch (const strata::error& e) {
    std::fprintf(stderr, "first_network: %s\n", e.what());
    return 1;
}
